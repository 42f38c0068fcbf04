namespace Skiff.Linux;

public static unsafe partial class Files
{
    /// <summary>True if this process may write the path: faccessat(2) with W_OK, which also sees read-only mounts.</summary>
    public static bool IsWritable(string path)
    {
        const int W_OK = 2;
        fixed (byte* p = CString.Encode(path))
        {
            return Libc.faccessat(AtCwd, p, W_OK, 0) == 0;
        }
    }
}
