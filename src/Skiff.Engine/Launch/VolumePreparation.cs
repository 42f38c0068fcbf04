using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>Makes what the mounts of a container need on the host: directories of volumes, missing sources of binds, overlays.</summary>
internal static class VolumePreparation
{
    internal static void Prepare(SkiffEngine engine, PreparedContainer container)
    {
        foreach (string path in container.Result.SourcesRequired)
        {
            if (!Files.Exists(path))
            {
                throw new SkiffException($"the source {path} of a bind mount does not exist; make it first, or use -v, which makes a directory", 125);
            }
        }
        foreach (string path in container.Result.SourcesToCreate)
        {
            if (!Files.Exists(path))
            {
                Directory.CreateDirectory(path);
            }
        }
        foreach (VolumeUse use in container.Result.Volumes)
        {
            Directory.CreateDirectory($"{engine.Paths.Volumes}/{use.Name}/_data");
        }
        foreach (string overlay in container.Result.Overlays)
        {
            Directory.CreateDirectory(overlay + "/upper");
            Directory.CreateDirectory(overlay + "/work");
        }
    }
}
