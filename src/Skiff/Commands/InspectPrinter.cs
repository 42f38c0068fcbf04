using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Format;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary>Prints what the inspect verbs find, as docker does: one JSON list of all objects, or a template per object; a missing object is an error after the others were shown.</summary>
internal static class InspectPrinter
{
    /// <summary>The flag.</summary>
    public static Flag FormatFlag() => Flag.Text("format", "Format output: json, or a Go template", 'f') with { Choices = ["json"] };

    /// <summary>Finds and prints; returns the exit code.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="format">The value of <c>--format</c>, or null.</param>
    /// <param name="names">What to inspect.</param>
    /// <param name="find">Gives the object, or throws <see cref="SkiffException"/>.</param>
    public static int Print(Output output, string? format, IReadOnlyList<string> names, Func<string, Value> find)
    {
        string asked = (format ?? "").Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal);
        Template? template = asked is "" or "json" ? null : new Template(asked);
        List<Value> found = [];
        List<string> errors = [];
        foreach (string name in names)
        {
            try
            {
                found.Add(find(name));
            }
            catch (SkiffException e)
            {
                errors.Add(e.Message);
            }
        }
        if (template is not null)
        {
            output.Write(string.Concat(found.Select(v => template.Run(v) + "\n")));
        }
        else
        {
            output.Line(asked == "json" ? ValueJson.Line(Value.List(found)) : ValueJson.Indented(Value.List(found)));
        }
        foreach (string error in errors)
        {
            output.ErrorLine($"skiff: {error}");
        }
        return errors.Count == 0 ? 0 : 1;
    }
}
