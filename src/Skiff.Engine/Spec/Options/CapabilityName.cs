using Skiff.Linux.Capabilities;

namespace Skiff.Engine.Spec;

/// <summary>Names of capabilities on the command line, capabilities(7).</summary>
public static class CapabilityName
{
    /// <summary>The name with CAP_ in upper case, or ALL; an unknown one is refused (SEC-11).</summary>
    public static string Parse(string flag, string text) =>
        text.Equals("ALL", StringComparison.OrdinalIgnoreCase) || text.Equals("CAP_ALL", StringComparison.OrdinalIgnoreCase) ? "ALL"
        : CapabilitySet.TryParse(text, out Capability capability) ? CapabilitySet.Name((int)capability)
        : throw OptionValue.Wrong(flag, text, "expected ALL or a name of capabilities(7) such as NET_ADMIN");
}
