namespace Skiff.Images.Layers;

/// <content>Extended headers: PAX records and GNU's long names.</content>
public sealed partial class TarReader
{
    /// <summary>Takes a header that describes the next entry (or all that follow); false if this is an entry itself.</summary>
    private bool Extended(TarHeader header, long offset)
    {
        switch (header.TypeFlag)
        {
            case (byte)'x' or (byte)'X': // X: Solaris, the same records
                _local.Add(TakeExtended(header, offset), offset);
                return true;
            case (byte)'g':
                _global.Add(TakeExtended(header, offset), offset);
                return true;
            case (byte)'L':
                _longName = UntilZero(TakeExtended(header, offset));
                return true;
            case (byte)'K':
                _longLink = UntilZero(TakeExtended(header, offset));
                return true;
            case (byte)'M' or (byte)'N':
                throw new TarException("a part of a multi-volume archive or an ancient GNU name list, which no image layer has", offset);
            default:
                return false;
        }
    }

    private byte[] TakeExtended(TarHeader header, long offset)
    {
        long size = header.Size;
        if (size is < 0 or > MaxExtendedHeader)
        {
            throw new TarException($"an extended header of {size} bytes; at most {MaxExtendedHeader} are accepted", offset);
        }
        byte[] bytes = new byte[size];
        CopyTo(bytes, "an extended header");
        _padding = (int)(-size & (TarHeader.BlockSize - 1));
        SkipData();
        return bytes;
    }

    private static byte[] UntilZero(byte[] bytes)
    {
        int end = bytes.AsSpan().IndexOf((byte)0);
        return end < 0 ? bytes : bytes[..end];
    }
}
