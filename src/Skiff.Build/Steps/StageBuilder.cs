using Skiff.Build.Cache;
using Skiff.Build.Parsing;
using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>Builds one stage: its instructions in order.</summary>
internal sealed partial class StageBuilder
{
    private readonly BuildSession _session;
    private readonly Stage _stage;
    private readonly StageState _state;
    private readonly string _label;
    private readonly List<Instruction> _instructions;
    private readonly int _total;
    private readonly bool _noCache;
    private int _number = 1;
    private int _ordinal;

    private StageBuilder(BuildSession session, Stage stage, StageState state)
    {
        _session = session;
        _stage = stage;
        _state = state;
        _label = stage.Label(session.Graph.Stages.Count == 1);
        _noCache =
            session.Request.NoCache
            || session.Request.NoCacheStages.Any(s => s.Equals(stage.Name, StringComparison.OrdinalIgnoreCase) || s == $"{stage.Index}");
        _instructions = [.. state.Config.OnBuild.Select(DockerfileParser.ParseTrigger), .. stage.Instructions];
        state.Config = state.Config with { OnBuild = [] };
        _total = 1 + _instructions.Count(static i => i.Name is "RUN" or "COPY" or "ADD" or "WORKDIR");
    }

    private CancellationToken Cancel => _session.Request.Cancel;

    private char Escape => _session.File.Escape;

    /// <summary>Builds a stage whose base and sources are built.</summary>
    internal static StageState Build(BuildSession session, Stage stage)
    {
        StageState state = Begin(session, stage);
        StageBuilder builder = new(session, stage, state);
        foreach (Instruction instruction in builder._instructions)
        {
            session.Request.Cancel.ThrowIfCancellationRequested();
            builder.Guarded(instruction);
            builder._ordinal++;
        }
        return state;
    }

    private void Guarded(Instruction instruction)
    {
        try
        {
            Dispatch(instruction);
        }
        catch (SkiffException e) when (e is not (DockerfileException or BuildStepException))
        {
            throw DockerfileException.At(instruction, e.Message, e);
        }
        catch (LinuxException e)
        {
            throw DockerfileException.At(instruction, e.Message, e);
        }
    }

    private void Dispatch(Instruction instruction)
    {
        switch (instruction.Name)
        {
            case "RUN":
                Run(instruction);
                break;
            case "COPY" or "ADD":
                Copy(instruction);
                break;
            case "WORKDIR":
                Workdir(instruction);
                break;
            case "ARG":
                Arg(instruction);
                break;
            default:
                Configure(instruction);
                break;
        }
    }

    /// <summary>The title of the next step that may make a layer.</summary>
    private string NextTitle(Instruction instruction) => $"[{_label}{++_number}/{_total}] {Short(instruction.ToString())}";

    private static string Short(string text) => text.ReplaceLineEndings(" ");

    /// <summary>Expands variables and quotes of a word.</summary>
    private string Expand(string word) => new Expansion(Variable, Escape).Word(word);

    private string? Variable(string name) => _state.Variable(name);

    private void History(string text, bool empty, DateTimeOffset? created) =>
        _state.History.Add(new HistoryEntry(created, text, "", "", empty));

    /// <summary>A step's result is known: from the cache, or made.</summary>
    private void Advance(string key, BuiltLayer? layer, DateTimeOffset made, string history)
    {
        if (layer is not null)
        {
            _state.Layers.Add(layer);
        }
        _state.Key = key;
        _state.Created = made;
        History(history, layer is null, made);
    }

    /// <summary>Takes a step from the cache; false if it must run.</summary>
    private bool TakeCached(int step, string key, string history)
    {
        if (_noCache || _state.HasRun || _session.Cache.Find(key, _state.Layers) is not { } record)
        {
            return false;
        }
        BuiltLayer? layer = record is { Chain: { } chain, DiffId: { } diffId, Blob: { } blob }
            ? new BuiltLayer(_session.Engine.Paths.Root, diffId, blob, chain, record.Size)
            : null;
        Advance(key, layer, record.Made, history);
        _session.End(step, StepOutcome.Cached);
        return true;
    }

    /// <summary>Takes what a step has written, and its record once the layer has its place.</summary>
    private void Finish(int step, string key, string tree, string text, string history)
    {
        if (_session.Request.SourceDate is { } date)
        {
            Timestamps.Clamp(tree + "/diff", date);
        }
        List<BuiltLayer> below = [.. _state.Layers];
        BuiltLayer? layer = _session.Works.Take(tree, below);
        DateTimeOffset made = _session.Now;
        CacheRecord record = new()
        {
            Key = key,
            Made = DateTimeOffset.FromUnixTimeMilliseconds(made.ToUnixTimeMilliseconds()),
            Text = text,
        };
        Advance(key, layer, record.Made, history);
        _state.HasRun = true;
        _session.Cache.Add(record, layer, below);
        _session.End(step, StepOutcome.Done);
    }
}
