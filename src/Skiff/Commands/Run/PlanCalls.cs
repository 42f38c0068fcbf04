using System.Globalization;
using Skiff.Engine.Plan;
using Skiff.Linux.Actions;

namespace Skiff.Commands.Run;

/// <summary>One call of a step.</summary>
/// <param name="Name">The system call or, for the host, the first word.</param>
/// <param name="Text">The call in strace's manner.</param>
/// <param name="ManPage">The page that explains it; may be empty.</param>
internal sealed record PlanCall(string Name, string Text, string ManPage);

/// <summary>The calls of a plan's steps.</summary>
internal static class PlanCalls
{
    internal static List<PlanCall> Of(LaunchPlan plan, PlanStep step)
    {
        List<PlanCall> calls = [];
        foreach (HostAction action in step.Actions)
        {
            int end = action.Text.AsSpan().IndexOfAny('(', ' ', ';');
            calls.Add(new PlanCall(end < 0 ? action.Text : action.Text[..end], action.Text, action.ManPage));
        }
        for (int i = step.First; step.Program is { } program && i < step.End; i++)
        {
            calls.Add(new PlanCall(program.CallName(i), program.Describe(i), program.ManPage(i)));
        }
        return calls;
    }

    /// <summary>Lines for people: what is done to one thing after the other is told for the first.</summary>
    internal static List<string> Folded(IReadOnlyList<PlanCall> calls)
    {
        List<string> lines = [];
        for (int i = 0; i < calls.Count; )
        {
            if (CallGroup.At(calls, i) is { } group)
            {
                foreach (PlanCall call in group.First)
                {
                    lines.AddRange(Messages(call.Text));
                }
                lines.Add($"… the same for {string.Join(", ", group.Others)} …");
                i += group.Length;
                continue;
            }
            int end = i + 1;
            while (end < calls.Count && IsRepetitive(calls[i]) && calls[end].Name == calls[i].Name)
            {
                end++;
            }
            lines.AddRange(Messages(calls[i].Text));
            if (end - i > 2)
            {
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"… {end - i - 2} more of the same kind …"));
            }
            if (end - i > 1)
            {
                lines.Add(calls[end - 1].Text);
            }
            i = end;
        }
        return lines;
    }

    /// <summary>Several messages that the host sends in one call stand on a line each.</summary>
    private static string[] Messages(string text)
    {
        if (!text.StartsWith("nft ", StringComparison.Ordinal) && !text.StartsWith("RTM_", StringComparison.Ordinal))
        {
            return [text];
        }
        foreach (string word in (ReadOnlySpan<string>)["add ", "create ", "delete ", "RTM_"])
        {
            text = text.Replace("; " + word, ";\n  " + word, StringComparison.Ordinal);
        }
        return text.Split('\n');
    }

    private static bool IsRepetitive(PlanCall call) =>
        call.Name is "rt_sigaction" or "mkdirat" || call.Text.StartsWith("prctl(PR_CAPBSET_DROP", StringComparison.Ordinal);
}
