using Skiff.Engine.Events;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary>What the verbs for images tell the journal.</summary>
internal static class ImageEvents
{
    /// <summary>The journal beside a store of images.</summary>
    public static EventLog Of(ImageStore store) => new(store.Root + "/events");

    /// <summary>What was untagged and deleted.</summary>
    public static void Removed(ImageStore store, RemovedImages removed, IReadOnlyDictionary<string, string> idOfName)
    {
        EventLog log = Of(store);
        foreach (string name in removed.Untagged)
        {
            log.Image(idOfName.GetValueOrDefault(name, name), "untag", name);
        }
        foreach (Digest digest in removed.Deleted)
        {
            log.Image(digest.ToString(), "delete", "");
        }
    }

    /// <summary>The id behind every name of some images, taken before they are removed.</summary>
    public static Dictionary<string, string> IdsOfNames(params IEnumerable<Image?> images)
    {
        Dictionary<string, string> ids = [];
        foreach (Image? image in images)
        {
            foreach (Reference name in image?.Names ?? [])
            {
                ids[name.Familiar] = image!.Id.ToString();
            }
        }
        return ids;
    }
}
