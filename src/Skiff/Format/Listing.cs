using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Linux;

namespace Skiff.Format;

/// <summary>How a verb that lists things prints them: docker's default table, <c>table TEMPLATE</c>, <c>json</c>, or a template per row.</summary>
/// <param name="table">The template of the default table, columns separated by <c>\t</c>.</param>
/// <param name="headers">The title of every field that a row has; fields without one have their name in capitals.</param>
internal sealed class Listing(string table, params IReadOnlyList<(string Field, string Title)> headers)
{
    /// <summary>The table has no line of titles.</summary>
    public bool NoTitles { get; init; }

    /// <summary>The least width of a column.</summary>
    public int MinimumWidth { get; init; } = 10;

    /// <summary>JSON is one array, as docker compose has it, and not an object a line.</summary>
    public bool IsArray { get; init; }

    /// <summary>A field that no row has is an error even where there are no rows, as in docker's ps.</summary>
    public bool ChecksFields { get; init; }

    /// <summary>The flag for the verb's table.</summary>
    public static Flag FormatFlag() =>
        Flag.Text("format", "Format output: table, table TEMPLATE, json, or a Go template") with
        {
            Choices = ["table", "json"],
        };

    /// <summary>Prints the rows.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="format">The value of <c>--format</c>; null or empty is the default table.</param>
    /// <param name="rows">Made by <see cref="Value.Row"/>.</param>
    /// <param name="quiet">Only the field ID (or Name), one a line, unless a format asks for something else.</param>
    public void Write(Output output, string? format, IReadOnlyList<Value> rows, bool quiet = false)
    {
        string asked = (format ?? "").Trim(' ');
        if (quiet && asked is ("" or "table"))
        {
            output.Write(string.Concat(rows.Select(static r => (r.Find("ID") ?? r.Find("Name") ?? Value.Nil) + "\n")));
            return;
        }
        if (asked == "json")
        {
            if (IsArray)
            {
                output.Line($"[{string.Join(',', rows.Select(static r => ValueJson.Line(r)))}]");
                return;
            }
            output.Write(string.Concat(rows.Select(static r => ValueJson.Line(r) + "\n")));
            return;
        }
        // Docker takes every format that begins with the word, "table{{.ID}}" too.
        bool isTable = asked.Length == 0 || asked.StartsWith("table", StringComparison.Ordinal);
        string text =
            !isTable ? asked
            : asked.Length <= 5 ? table
            : asked[5..].Trim(' ');
        // The shell passes \t and \n as two characters; docker reads them as tab and newline.
        var template = new Template(text.Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal));
        if (ChecksFields && rows.Count == 0)
        {
            CheckFields(template, Headers(rows));
        }
        var lines = new StringBuilder();
        if (isTable && !NoTitles)
        {
            lines.Append(template.Run(Headers(rows), new HeaderFunctions())).Append('\n');
        }
        foreach (Value row in rows)
        {
            lines.Append(template.Run(row)).Append('\n');
        }
        output.Write(isTable ? Columns.Align(lines.ToString(), MinimumWidth) : lines.ToString());
    }

    /// <summary>What else a template asks of values that are not there says nothing about it.</summary>
    private static void CheckFields(Template template, Value titles)
    {
        try
        {
            _ = template.Run(titles, new HeaderFunctions());
        }
        catch (SkiffException e) when (!e.Message.Contains(TemplateError.NoField, StringComparison.Ordinal)) { }
    }

    /// <summary>A row of titles. Fields without a title in the table are known from the rows.</summary>
    private Value Headers(IReadOnlyList<Value> rows)
    {
        var titles = new SortedDictionary<string, Value>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, Value> field in rows.Count > 0 ? rows[0].Fields : [])
        {
            titles[field.Key] = Value.Of(field.Key.ToUpperInvariant());
        }
        foreach ((string field, string title) in headers)
        {
            titles[field] = Value.Of(title);
        }
        return Value.Row(null, [.. titles.Select(static t => (t.Key, t.Value))]);
    }
}
