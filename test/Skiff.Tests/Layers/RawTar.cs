using System.Text;

namespace Skiff.Tests.Layers;

/// <summary>Headers by hand, for what no writer writes.</summary>
internal static class RawTar
{
    internal static void FixChecksum(byte[] tar, int header)
    {
        tar.AsSpan(header + 148, 8).Fill((byte)' ');
        int sum = 0;
        for (int i = 0; i < 512; i++)
        {
            sum += tar[header + i];
        }
        Encoding.ASCII.GetBytes($"{Convert.ToString(sum, 8).PadLeft(6, '0')}\0 ").CopyTo(tar, header + 148);
    }

    /// <summary>A v7 header: nothing after the link name.</summary>
    internal static byte[] Header(string name, char type, string size, string mtime = "00000000000", string link = "")
    {
        byte[] block = new byte[512];
        Encoding.Latin1.GetBytes(name).CopyTo(block, 0);
        "0000644\00000000\00000000\0"u8.CopyTo(block.AsSpan(100));
        Encoding.Latin1.GetBytes(size).CopyTo(block, 124);
        Encoding.Latin1.GetBytes(mtime).CopyTo(block, 136);
        block[156] = (byte)type;
        Encoding.Latin1.GetBytes(link).CopyTo(block, 157);
        FixChecksum(block, 0);
        return block;
    }

    internal static byte[] Padded(string data)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(data);
        Array.Resize(ref bytes, (bytes.Length + 511) / 512 * 512);
        return bytes;
    }
}
