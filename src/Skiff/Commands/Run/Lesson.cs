using System.Globalization;
using System.Text;
using System.Text.Json;
using Skiff.Engine.Plan;

namespace Skiff.Commands.Run;

/// <summary>A launch plan as a text to read and as JSON.</summary>
internal static class Lesson
{
    /// <summary>Steps in the order in which they happen; a heading wherever the chapter changes, its sentence the first time. The container's long id is written as <c>ID</c>.</summary>
    internal static string Text(string title, LaunchPlan plan, string id)
    {
        StringBuilder text = new($"{title}\nID stands for the container's id of 64 digits.\n");
        HashSet<Block> begun = [];
        Block? chapter = null;
        int number = 0;
        foreach (PlanStep step in plan.Steps)
        {
            if (chapter != step.Block)
            {
                chapter = step.Block;
                text.Append($"\n== {Chapters.Title(step.Block)} ==\n");
                if (begun.Add(step.Block))
                {
                    text.Append(Chapters.Intro(step.Block)).Append('\n');
                }
            }
            List<PlanCall> calls = PlanCalls.Of(plan, step);
            text.Append(CultureInfo.InvariantCulture, $"\n{++number}. [{(step.Place == Place.Host ? "host" : "container")}] {step.Why}\n");
            foreach (string line in PlanCalls.Folded(calls))
            {
                text.Append("     ").Append(line).Append('\n');
            }
            text.Append("   man: ")
                .AppendJoin(", ", calls.Select(static c => c.ManPage).Where(static m => m.Length > 0).Distinct())
                .Append('\n');
        }
        return text.Replace(id, "ID").ToString();
    }

    /// <summary><c>{"steps":[{"chapter","place","why","calls":[{"name","text","man"}]}]}</c>, one line.</summary>
    internal static byte[] Json(LaunchPlan plan)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream))
        {
            w.WriteStartObject();
            w.WriteStartArray("steps"u8);
            foreach (PlanStep step in plan.Steps)
            {
                w.WriteStartObject();
                w.WriteString("chapter"u8, Chapters.Title(step.Block));
                w.WriteString("place"u8, step.Place == Place.Host ? "host" : "container");
                w.WriteString("why"u8, step.Why);
                w.WriteStartArray("calls"u8);
                foreach (PlanCall call in PlanCalls.Of(plan, step))
                {
                    w.WriteStartObject();
                    w.WriteString("name"u8, call.Name);
                    w.WriteString("text"u8, call.Text);
                    w.WriteString("man"u8, call.ManPage);
                    w.WriteEndObject();
                }
                w.WriteEndArray();
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
