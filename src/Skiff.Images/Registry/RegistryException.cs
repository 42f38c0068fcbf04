using System.Net;

namespace Skiff.Images.Registry;

/// <summary>A request that failed in a way worth another attempt: the connection, or a 408, 429 or 5xx answer.</summary>
internal sealed class TransientException(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the <c>Retry-After</c> header asks for; null for none.</summary>
    internal TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>An answer of the registry that another attempt will not change.</summary>
internal sealed class AnswerException(HttpStatusCode status, string code, string message) : Exception(message)
{
    internal HttpStatusCode Status { get; } = status;

    /// <summary>The first error code of the body: <c>MANIFEST_UNKNOWN</c>, <c>DENIED</c>; empty for none.</summary>
    internal string Code { get; } = code;
}
