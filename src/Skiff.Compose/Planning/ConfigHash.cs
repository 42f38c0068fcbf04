using System.Text;
using Skiff.Compose.Output;
using Skiff.Compose.Yaml;
using Skiff.Images;

namespace Skiff.Compose.Planning;

/// <summary>The hash of what matters to a running container: where it differs from the label of a container, that is made anew. It is docker compose's, digit by digit.</summary>
public static class ConfigHash
{
    /// <summary>The hash of a service: without what the build, the order of starts and the number of containers are about.</summary>
    public static string Of(ComposeService service)
    {
        Node node = service.Node.Clone();
        foreach (string key in (string[])["build", "pull_policy", "scale", "depends_on", "profiles"])
        {
            node.Remove(key);
        }
        node["deploy"]?.Remove("replicas");
        return Sum(ModelJson.Service(node));
    }

    /// <summary>The hash of a network or volume.</summary>
    public static string Of(Node resource) => Sum(ModelJson.Compact(resource));

    private static string Sum(string text) => Convert.ToHexStringLower(Hashing.Sha256(Encoding.UTF8.GetBytes(text)));
}
