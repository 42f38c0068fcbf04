using System.Text;

namespace Skiff.Engine.Spec;

/// <summary>The comma-separated line of <c>--mount</c> and <c>--network</c>, quoted as Go's encoding/csv (RFC 4180): a field with commas or quotes stands in quotes, quotes are doubled.</summary>
public static class Csv
{
    /// <summary>The fields of one line.</summary>
    public static IReadOnlyList<string> Split(string flag, string line)
    {
        List<string> fields = [];
        if (!line.Contains('"', StringComparison.Ordinal))
        {
            fields.AddRange(line.Split(','));
            return fields;
        }
        StringBuilder field = new();
        int at = 0;
        while (true)
        {
            field.Clear();
            if (at < line.Length && line[at] == '"')
            {
                at++;
                while (true)
                {
                    if (at >= line.Length)
                    {
                        throw OptionValue.Wrong(flag, line, "a quote is not closed");
                    }
                    if (line[at] != '"')
                    {
                        field.Append(line[at++]);
                    }
                    else if (at + 1 < line.Length && line[at + 1] == '"')
                    {
                        field.Append('"');
                        at += 2;
                    }
                    else
                    {
                        at++;
                        break;
                    }
                }
            }
            else
            {
                while (at < line.Length && line[at] != ',')
                {
                    if (line[at] == '"')
                    {
                        throw OptionValue.Wrong(flag, line, "quotes must enclose the whole key=value field");
                    }
                    field.Append(line[at++]);
                }
            }
            fields.Add(field.ToString());
            if (at >= line.Length)
            {
                return fields;
            }
            if (line[at++] != ',')
            {
                throw OptionValue.Wrong(flag, line, "quotes must enclose the whole key=value field");
            }
        }
    }

    /// <summary>Appends one field, after a comma unless it is the first.</summary>
    public static void Append(StringBuilder line, string field)
    {
        if (line.Length > 0)
        {
            line.Append(',');
        }
        if (field.AsSpan().IndexOfAny(',', '"') < 0)
        {
            line.Append(field);
        }
        else
        {
            line.Append('"').Append(field.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }
    }
}
