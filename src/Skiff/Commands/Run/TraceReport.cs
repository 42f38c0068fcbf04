using System.Globalization;
using System.Text;
using Skiff.Engine.Launch;
using Skiff.Engine.Plan;

namespace Skiff.Commands.Run;

/// <summary>What <c>run --trace</c> prints after the end: the steps of the plan in order of time, the host on the left, the container on the right.</summary>
internal static class TraceReport
{
    private const int Width = 46;

    internal static string Text(ContainerLaunch launch)
    {
        List<(long Begin, long End, PlanStep Step)> rows = [];
        List<PlanStep> inside = [.. launch.Plan.Steps.Where(static s => s.Place == Place.Container)];
        foreach (PlanStep step in launch.Plan.Steps)
        {
            if (step.Place == Place.Host && launch.HostTimes.TryGetValue(step.Moment, out (long Begin, long End) time))
            {
                rows.Add((time.Begin, time.End, step));
            }
        }
        long running = launch.HostTimes.TryGetValue(HostMoment.Wait, out (long Begin, long End) wait) ? wait.Begin : 0;
        for (int i = 0; i < inside.Count; i++)
        {
            long begin = launch.Process.StartedAt(inside[i].First);
            long end = i + 1 < inside.Count ? launch.Process.StartedAt(inside[i + 1].First) : running;
            if (begin != 0)
            {
                rows.Add((begin, Math.Max(end, begin), inside[i]));
            }
        }
        rows.Sort(static (a, b) => a.Begin.CompareTo(b.Begin));
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{"at ms", 9} {"took ms", 9}  {"host".PadRight(Width)}  container\n");
        foreach ((long begin, long end, PlanStep step) in rows)
        {
            string what = Short(step.Why);
            text.Append(CultureInfo.InvariantCulture, $"{(begin - rows[0].Begin) / 1e6, 9:0.000} {(end - begin) / 1e6, 9:0.000}  ");
            text.Append(step.Place == Place.Host ? what : new string(' ', Width) + "  " + what).Append('\n');
        }
        return text.ToString();
    }

    private static string Short(string why) => why.Length <= Width ? why : string.Concat(why.AsSpan(0, Width - 1), "…");
}
