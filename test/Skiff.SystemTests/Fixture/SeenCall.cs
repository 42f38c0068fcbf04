using System.Globalization;

namespace Skiff.SystemTests.Fixture;

/// <summary>One system call in a log of <c>strace -f -o</c>, with what was split over two lines put together.</summary>
/// <param name="Process">Who called.</param>
/// <param name="Text">The call and its result.</param>
/// <param name="Result">The number that it returned; -1 when there is none.</param>
public sealed record SeenCall(int Process, string Text, int Result)
{
    /// <summary>Every call that succeeded, in the order in which they began.</summary>
    public static IReadOnlyList<SeenCall> ReadAll(string log)
    {
        List<(int Process, string Text)> calls = [];
        Dictionary<int, int> open = [];
        foreach (string line in File.ReadLines(log))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            int process = int.Parse(line.AsSpan(0, space), CultureInfo.InvariantCulture);
            string text = line[space..].TrimStart();
            if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
            {
                open[process] = calls.Count;
                calls.Add((process, text[..^"<unfinished ...>".Length]));
            }
            else if (text.StartsWith("<... ", StringComparison.Ordinal))
            {
                if (open.Remove(process, out int index))
                {
                    calls[index] = (process, calls[index].Text + text[(text.IndexOf('>', StringComparison.Ordinal) + 1)..]);
                }
            }
            else if (text.Contains('(', StringComparison.Ordinal))
            {
                calls.Add((process, text));
            }
        }
        return [.. calls.Select(c => new SeenCall(c.Process, c.Text, ResultOf(c.Text))).Where(c => c.Result >= 0)];
    }

    private static int ResultOf(string text)
    {
        int at = text.LastIndexOf(" = ", StringComparison.Ordinal);
        string result = at < 0 ? "" : text[(at + 3)..].Split(' ')[0];
        return int.TryParse(result, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : -1;
    }
}
