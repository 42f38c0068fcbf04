using System.Net;
using System.Net.Sockets;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>One request: scheme, login, redirects, and answers that are errors.</summary>
public sealed partial class RegistryClient
{
    private static readonly string s_userAgent = $"skiff/{typeof(RegistryClient).Assembly.GetName().Version?.ToString(3)} (linux)";

    private Uri Address(string scheme, string path) => new($"{scheme}://{_endpoint.Authority}{path}");

    // Returns an answer of 2xx; every other outcome is an exception, of which TransientException and those of a connection are worth another attempt.
    private HttpResponseMessage Send(HttpMethod method, string path, string accept, string? range, CancellationToken cancellation)
    {
        for (int round = 0; ; round++)
        {
            string? authorization = _authorization;
            HttpResponseMessage response = Follow(method, path, accept, range, authorization, cancellation);
            if (response.StatusCode == HttpStatusCode.Unauthorized && round < 2 && Authenticate(response, authorization, cancellation))
            {
                response.Dispose();
                continue;
            }
            if (response.IsSuccessStatusCode)
            {
                return response;
            }
            using (response)
            {
                throw Failure(response, cancellation);
            }
        }
    }

    private HttpResponseMessage Follow(
        HttpMethod method,
        string path,
        string accept,
        string? range,
        string? authorization,
        CancellationToken cancellation
    )
    {
        HttpResponseMessage response = First(scheme => Request(method, Address(scheme, path), accept, range, authorization), cancellation);
        Uri origin = response.RequestMessage!.RequestUri!;
        Uri address = origin;
        for (
            int redirects = 0;
            response.StatusCode
                is HttpStatusCode.Moved
                    or HttpStatusCode.Found
                    or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect
                    or HttpStatusCode.PermanentRedirect;
            redirects++
        )
        {
            string location = response.Headers.NonValidated.TryGetValues("Location", out System.Net.Http.Headers.HeaderStringValues values)
                ? values.ToString()
                : "";
            response.Dispose();
            if (location.Length == 0)
            {
                throw new SkiffException($"{_reference.Domain} redirects without saying where to");
            }
            if (redirects == MaxRedirects || !Uri.TryCreate(address, location, out Uri? next) || next.Scheme is not ("http" or "https"))
            {
                throw new SkiffException(
                    $"{_reference.Domain} redirects {(redirects == MaxRedirects ? "in circles" : "to an address that is not understood")}"
                );
            }
            if (next.Scheme == "http" && address.Scheme == "https" && _endpoint.VerifyTls && !_endpoint.IsLoopback)
            {
                throw new SkiffException(
                    $"{_reference.Domain} redirects to {Printable.Of(next.Authority)} without TLS: refused; --tls-verify=false allows it"
                );
            }
            address = next;
            // The token is for the registry, not for the storage behind it, whose signed URL says all (REG-05).
            bool sameOrigin = next.Scheme == origin.Scheme && next.Authority == origin.Authority;
            response = Exchange(Request(method, next, accept, range, sameOrigin ? authorization : null), cancellation);
        }
        return response;
    }

    // The first request finds out which scheme the registry speaks; a plain answer "this is an HTTPS port" counts as no.
    private HttpResponseMessage First(Func<string, HttpRequestMessage> request, CancellationToken cancellation)
    {
        if (_scheme is string known)
        {
            return Exchange(request(known), cancellation);
        }
        for (int i = 0; ; i++)
        {
            string scheme = _endpoint.Schemes[i];
            bool last = i == _endpoint.Schemes.Count - 1;
            try
            {
                HttpResponseMessage response = Exchange(request(scheme), cancellation);
                if (last || scheme == "https" || response.StatusCode != HttpStatusCode.BadRequest)
                {
                    _scheme = scheme;
                    return response;
                }
                response.Dispose();
            }
            catch (HttpRequestException e) when (!last && RegistryErrors.IsOtherProtocol(e))
            {
                // Not this scheme: the next one.
            }
        }
    }

    private HttpRequestMessage Request(HttpMethod method, Uri address, string accept, string? range, string? authorization)
    {
        HttpRequestMessage request = new(method, address);
        _ = request.Headers.TryAddWithoutValidation("Accept", accept);
        if (range is not null)
        {
            _ = request.Headers.TryAddWithoutValidation("Range", range);
        }
        if (authorization is not null)
        {
            _ = request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }
        return request;
    }

    private HttpResponseMessage Exchange(HttpRequestMessage request, CancellationToken cancellation)
    {
        _ = request.Headers.TryAddWithoutValidation("User-Agent", s_userAgent);
        // A blob's bytes are what its digest is of: nothing may pack them on the way (REG-13).
        _ = request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        try
        {
            return _transport.Client.Send(request, cancellation);
        }
        catch (HttpRequestException e)
        {
            _ = At(e, request.RequestUri);
            throw;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            // SocketsHttpHandler reports its ConnectTimeout as a cancellation.
            HttpRequestException timeout = new(
                HttpRequestError.ConnectionError,
                null,
                new SocketException((int)SocketError.TimedOut, e.Message)
            );
            throw At(timeout, request.RequestUri);
        }
    }

    // True if another round with a new Authorization makes sense.
    private bool Authenticate(HttpResponseMessage response, string? used, CancellationToken cancellation)
    {
        lock (_authLock)
        {
            if (_authorization != used)
            {
                // Another thread was faster.
                return true;
            }
            IEnumerable<string> headers = response.Headers.NonValidated.TryGetValues(
                "WWW-Authenticate",
                out System.Net.Http.Headers.HeaderStringValues values
            )
                ? values
                : [];
            Challenge? bearer = null;
            Challenge? basic = null;
            foreach (Challenge challenge in Challenge.ParseAll(headers))
            {
                bearer ??= challenge.Scheme == "bearer" && challenge["realm"] is not null ? challenge : null;
                basic ??= challenge.Scheme == "basic" ? challenge : null;
            }
            FindCredential();
            if (bearer is not null)
            {
                _authorization = "Bearer " + FetchToken(bearer, response.RequestMessage!.RequestUri!.Scheme == "http", cancellation);
                return true;
            }
            if (basic is null || _credential is null or { IdentityToken.Length: > 0 } || used == _credential.Basic)
            {
                return false;
            }
            _authorization = _credential.Basic;
            return true;
        }
    }

    // What is public is pulled without a login, as docker does, where the one there may be cannot be had: a config.json that came from another machine names a helper of that one.
    private void FindCredential()
    {
        if (_credential is not null || _noCredential is not null)
        {
            return;
        }
        try
        {
            _credential = _options.FindCredential(_reference.Domain);
        }
        catch (SkiffException e)
        {
            _noCredential = e;
            _options.Noted?.Invoke($"asked without a login: {e.Message}");
        }
    }

    private string FetchToken(Challenge bearer, bool plainHttp, CancellationToken cancellation)
    {
        using HttpRequestMessage request = TokenService.Request(bearer, PullScope(_reference), _credential, plainHttp);
        Uri address = request.RequestUri!;
        try
        {
            using HttpResponseMessage response = Exchange(request, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw Failure(response, cancellation);
            }
            return TokenService.Parse(ReadAll(response, TokenService.MaxBytes, "the token service's answer", cancellation));
        }
        catch (HttpRequestException e)
        {
            string reason = RegistryErrors.Connection(e, _transport, address);
            throw RegistryErrors.IsTransient(e, _transport, address)
                ? new TransientException($"the token service: {reason}", null, e)
                : new SkiffException($"{What}: the token service: {reason}", 1, e);
        }
    }

    private Exception Failure(HttpResponseMessage response, CancellationToken cancellation)
    {
        HttpStatusCode status = response.StatusCode;
        byte[] body = [];
        try
        {
            body = ReadAll(response, ErrorBody.MaxBytes, "the error", cancellation);
        }
        catch (Exception e) when (e is SkiffException or IOException or HttpRequestException)
        {
            // The status says enough.
        }
        (string code, string message) = ErrorBody.Parse(body);
        if (
            status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
            || (int)status >= 500 && status is not HttpStatusCode.NotImplemented
        )
        {
            DateTimeOffset now = RetryPolicy.ParseDate(Header(response, "Date")) ?? _options.Clock.GetUtcNow();
            TimeSpan? after = RetryPolicy.ParseRetryAfter(Header(response, "Retry-After"), now);
            string said = message.Length > 0 ? $" ({message})" : "";
            string reason =
                status == HttpStatusCode.TooManyRequests
                    ? $"{_reference.Domain} allows no more requests for now (429){said}"
                    : $"{_reference.Domain} answers {(int)status}{said}";
            // Every attempt would come before the time that it names.
            return after > _options.Retry.MaxRetryAfter * (_options.Retry.Attempts - 1)
                ? new SkiffException($"{What}: {reason}; it asks to come back in {Math.Ceiling(after.Value.TotalMinutes)} minutes")
                : new TransientException(reason, after);
        }
        return new AnswerException(status, code, message);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out System.Net.Http.Headers.HeaderStringValues values) ? values.ToString() : null;

    private static byte[] ReadAll(HttpResponseMessage response, int limit, string what, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > limit)
        {
            throw new SkiffException($"{what} has more than the {limit} bytes that are accepted");
        }
        using Stream body = response.Content.ReadAsStream(cancellation);
        using MemoryStream memory = new();
        byte[] buffer = new byte[16 << 10];
        int n;
        while ((n = body.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            memory.Write(buffer, 0, n);
            if (memory.Length > limit)
            {
                throw new SkiffException($"{what} has more than the {limit} bytes that are accepted");
            }
        }
        return memory.ToArray();
    }
}
