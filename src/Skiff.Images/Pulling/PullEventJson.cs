using System.Buffers;
using System.Text.Json;

namespace Skiff.Images;

/// <summary>The events of a pull as JSON, one object a line, for <c>--progress=json</c>. Every line has <c>event</c>; sizes are bytes.</summary>
public static class PullEventJson
{
    /// <summary>One event as a line of JSON with its line feed.</summary>
    public static byte[] Line(PullEvent happened)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            Members(writer, happened);
            writer.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Members(Utf8JsonWriter writer, PullEvent happened)
    {
        switch (happened)
        {
            case PullResolved e:
                writer.WriteString("event"u8, "resolved"u8);
                writer.WriteString("reference"u8, e.Reference.ToString());
                writer.WriteString("digest"u8, e.Top.ToString());
                writer.WriteString("manifest"u8, e.Manifest.ToString());
                writer.WriteString("platform"u8, e.Platform.ToString());
                writer.WriteStartArray("layers"u8);
                foreach (Descriptor layer in e.Layers)
                {
                    writer.WriteStartObject();
                    writer.WriteString("digest"u8, layer.Digest.ToString());
                    writer.WriteNumber("size"u8, layer.Size);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                break;
            case PullLayerExists e:
                Layer(writer, "exists"u8, e.Layer);
                break;
            case PullDownloaded e:
                Layer(writer, "downloaded"u8, e.Layer);
                writer.WriteNumber("bytes"u8, e.Bytes);
                writer.WriteNumber("size"u8, e.Layer.Size);
                break;
            case PullUnpacked e:
                Layer(writer, "unpacked"u8, e.Layer);
                writer.WriteNumber("bytes"u8, e.Bytes);
                break;
            case PullLayerDone e:
                Layer(writer, "layerDone"u8, e.Layer);
                break;
            case PullRetrying e:
                writer.WriteString("event"u8, "retrying"u8);
                writer.WriteString("reason"u8, e.Reason);
                writer.WriteNumber("delaySeconds"u8, Math.Round(e.Delay.TotalSeconds, 3));
                writer.WriteNumber("failures"u8, e.Failures);
                break;
            case PullMirrorFailed e:
                writer.WriteString("event"u8, "mirrorFailed"u8);
                writer.WriteString("mirror"u8, e.Mirror);
                writer.WriteString("reason"u8, e.Reason);
                break;
            case PullNote e:
                writer.WriteString("event"u8, "note"u8);
                writer.WriteString("text"u8, e.Text);
                break;
            case PullDone e:
                writer.WriteString("event"u8, "done"u8);
                writer.WriteString("reference"u8, e.Result.Reference.ToString());
                writer.WriteString("id"u8, e.Result.Id.ToString());
                writer.WriteString("digest"u8, e.Result.Top.Digest.ToString());
                writer.WriteBoolean("upToDate"u8, e.Result.UpToDate);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(happened));
        }
    }

    private static void Layer(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Descriptor layer)
    {
        writer.WriteString("event"u8, name);
        writer.WriteString("layer"u8, layer.Digest.ToString());
    }
}
