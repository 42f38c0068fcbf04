using Skiff.Build.Cache;
using Skiff.Build.Context;
using Skiff.Build.Parsing;

namespace Skiff.Build.Steps;

/// <content>Why a step is not taken from the cache.</content>
internal sealed partial class StageBuilder
{
    /// <summary>Says why a step runs, and notes what it runs with for the next time.</summary>
    private void Explain(
        int step,
        Instruction instruction,
        string key,
        IReadOnlyList<string> words,
        List<KeyValuePair<string, string>> args,
        SourceListing? listing
    )
    {
        List<(string Name, string Value)> env =
        [
            .. _state.Config.Env.Select(static e => (e.Split('=')[0], e)),
            .. args.Select(static a => (a.Key, $"{a.Key}={a.Value}")),
        ];
        StepNotes notes = new()
        {
            Key = key,
            On = _state.Key,
            Words = string.Join('\n', words),
            Env = instruction.Name == "RUN" ? env : [],
            Files = listing?.Lines ?? [],
        };
        string place = StepNotes.Place(_session.Request.Context, _session.Request.DockerfileName, _stage.Index, _ordinal);
        StepNotes? before = StepNotes.Load(_session.Engine.Paths.Root, place);
        string reason =
            _noCache ? "the cache is not used"
            : _state.HasRun ? "the step before it ran"
            : notes.Difference(before);
        _session.Progress.Note(step, $"runs: {reason}");
        notes.Save(_session.Engine.Paths.Root, place);
    }
}
