using System.Net;
using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>The tags of a repository.</summary>
public sealed partial class RegistryClient
{
    private const int MaxTagBytes = 4 << 20;
    private const int MaxTagPages = 1000;

    /// <summary>All tags, in the registry's order (distribution-spec, "Listing Tags"); names that are no tags are left out.</summary>
    public IReadOnlyList<string> ListTags(CancellationToken cancellation) =>
        Sentences(
            null,
            () =>
            {
                List<string> tags = [];
                string? path = $"/v2/{_reference.Repository}/tags/list?n=1000";
                for (int page = 0; path is not null && page < MaxTagPages; page++)
                {
                    string asked = path;
                    path = Retry(() => TagPage(asked, tags, cancellation), cancellation);
                }
                return tags;
            }
        );

    /// <summary>Reads one page; the path of the next, or null.</summary>
    private string? TagPage(string path, List<string> tags, CancellationToken cancellation)
    {
        using HttpResponseMessage response = Send(HttpMethod.Get, path, "application/json", null, cancellation);
        byte[] body = ReadAll(response, MaxTagBytes, $"the list of tags of {_reference.FamiliarName}", cancellation);
        foreach (string tag in JsonText.Document(body, $"the list of tags of {_reference.FamiliarName}", ReadTags))
        {
            if (Reference.TryParse($"{_reference.Name}:{tag}", out Reference? named) && named.Tag == tag && !tags.Contains(tag))
            {
                tags.Add(tag);
            }
        }
        string link = response.Headers.NonValidated.TryGetValues("Link", out System.Net.Http.Headers.HeaderStringValues values)
            ? values.ToString()
            : "";
        // RFC 8288: <ADDRESS>; rel="next". It stays at this registry whatever the address says.
        return
            link.StartsWith('<')
            && link.IndexOf('>') is > 1 and int end
            && Uri.TryCreate(Address(_scheme ?? "https", path), link[1..end], out Uri? next)
            && next.PathAndQuery != path
            ? next.PathAndQuery
            : null;
    }

    private static IReadOnlyList<string> ReadTags(ref Utf8JsonReader reader)
    {
        IReadOnlyList<string> tags = [];
        JsonText.Object(ref reader, "it");
        while (JsonText.Member(ref reader))
        {
            if (reader.ValueTextEquals("tags"u8))
            {
                tags = JsonText.Strings(ref reader, "tags");
            }
            else
            {
                JsonText.Skip(ref reader);
            }
        }
        return tags;
    }
}
