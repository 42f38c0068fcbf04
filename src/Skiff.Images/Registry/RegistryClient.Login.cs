using System.Net;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>Trying a login before it is kept.</summary>
public sealed partial class RegistryClient
{
    /// <summary>Asks the registry whether it takes the login: its base address, with the token service if it names one. Throws <see cref="SkiffException"/> if it does not.</summary>
    /// <returns>False if the registry did not ask who it is: the login may be right or wrong.</returns>
    public static bool VerifyLogin(string domain, Credential credential, RegistryOptions options, CancellationToken cancellation)
    {
        // No repository: a token for nothing is still a proof of the password.
        using RegistryClient client = new(new Reference(domain, "", null, null), options with { FindCredential = _ => credential });
        try
        {
            using HttpResponseMessage response = client.Retry(
                () => client.Send(HttpMethod.Get, "/v2/", "*/*", null, cancellation),
                cancellation
            );
            return client._authorization is not null;
        }
        catch (AnswerException e) when (e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new SkiffException(
                $"{domain} does not accept the login of {credential}{(e.Message.Length > 0 ? $" (it says: {e.Message})" : "")}: check user name and password",
                1,
                e
            );
        }
        catch (AnswerException e)
        {
            throw new SkiffException($"{domain} answers {(int)e.Status} to a login: it may not be a registry", 1, e);
        }
    }
}
