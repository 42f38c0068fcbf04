namespace Skiff.Linux;

/// <summary>Error numbers of Linux (errno(3)); the values are those of x86-64 and arm64, which agree.</summary>
public static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int ENXIO = 6;
    public const int E2BIG = 7;
    public const int ENOEXEC = 8;
    public const int EBADF = 9;
    public const int ECHILD = 10;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int EXDEV = 18;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENOTTY = 25;
    public const int ETXTBSY = 26;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int ESPIPE = 29;
    public const int EROFS = 30;
    public const int EMLINK = 31;
    public const int EPIPE = 32;
    public const int ERANGE = 34;
    public const int ENAMETOOLONG = 36;
    public const int ENOSYS = 38;
    public const int ENOTEMPTY = 39;
    public const int ELOOP = 40;
    public const int ENODATA = 61;
    public const int EOVERFLOW = 75;
    public const int ELIBBAD = 80;
    public const int EUSERS = 87;
    public const int EOPNOTSUPP = 95;
    public const int EAFNOSUPPORT = 97;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ENETDOWN = 100;
    public const int ENETUNREACH = 101;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int EISCONN = 106;
    public const int ENOTCONN = 107;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int EHOSTUNREACH = 113;
    public const int EALREADY = 114;
    public const int EINPROGRESS = 115;
    public const int EDQUOT = 122;

    private static readonly (int Number, string Name, string Text)[] s_table =
    [
        (EPERM, "EPERM", "operation not permitted"),
        (ENOENT, "ENOENT", "no such file or directory"),
        (ESRCH, "ESRCH", "no such process"),
        (EINTR, "EINTR", "interrupted"),
        (EIO, "EIO", "input/output error"),
        (ENXIO, "ENXIO", "no such device or address"),
        (E2BIG, "E2BIG", "argument list too long"),
        (ENOEXEC, "ENOEXEC", "not an executable format"),
        (EBADF, "EBADF", "bad file descriptor"),
        (ECHILD, "ECHILD", "no child process"),
        (EAGAIN, "EAGAIN", "resource temporarily unavailable"),
        (ENOMEM, "ENOMEM", "out of memory"),
        (EACCES, "EACCES", "permission denied"),
        (EFAULT, "EFAULT", "bad address"),
        (EBUSY, "EBUSY", "device or resource busy"),
        (EEXIST, "EEXIST", "already exists"),
        (EXDEV, "EXDEV", "on another file system"),
        (ENODEV, "ENODEV", "no such device or not supported by this kernel"),
        (ENOTDIR, "ENOTDIR", "not a directory"),
        (EISDIR, "EISDIR", "is a directory"),
        (EINVAL, "EINVAL", "invalid argument"),
        (ENFILE, "ENFILE", "too many open files in the system"),
        (EMFILE, "EMFILE", "too many open files"),
        (ENOTTY, "ENOTTY", "not a terminal"),
        (ETXTBSY, "ETXTBSY", "text file busy"),
        (EFBIG, "EFBIG", "file too large"),
        (ENOSPC, "ENOSPC", "no space left on device"),
        (ESPIPE, "ESPIPE", "not seekable"),
        (EROFS, "EROFS", "read-only file system"),
        (EMLINK, "EMLINK", "too many links"),
        (EPIPE, "EPIPE", "broken pipe"),
        (ERANGE, "ERANGE", "out of range"),
        (ENAMETOOLONG, "ENAMETOOLONG", "name too long"),
        (ENOSYS, "ENOSYS", "not implemented by this kernel"),
        (ENOTEMPTY, "ENOTEMPTY", "directory not empty"),
        (ELOOP, "ELOOP", "too many symbolic links"),
        (ENODATA, "ENODATA", "no data"),
        (EOVERFLOW, "EOVERFLOW", "value too large"),
        (ELIBBAD, "ELIBBAD", "corrupted program interpreter"),
        (EUSERS, "EUSERS", "too many users"),
        (EOPNOTSUPP, "EOPNOTSUPP", "not supported"),
        (EAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"),
        (EADDRINUSE, "EADDRINUSE", "address already in use"),
        (EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"),
        (ENETDOWN, "ENETDOWN", "network is down"),
        (ENETUNREACH, "ENETUNREACH", "network unreachable"),
        (ECONNRESET, "ECONNRESET", "connection reset"),
        (ENOBUFS, "ENOBUFS", "no buffer space"),
        (EISCONN, "EISCONN", "already connected"),
        (ENOTCONN, "ENOTCONN", "not connected"),
        (ETIMEDOUT, "ETIMEDOUT", "timed out"),
        (ECONNREFUSED, "ECONNREFUSED", "connection refused"),
        (EHOSTUNREACH, "EHOSTUNREACH", "no route to host"),
        (EALREADY, "EALREADY", "already in progress"),
        (EINPROGRESS, "EINPROGRESS", "in progress"),
        (EDQUOT, "EDQUOT", "disk quota exceeded"),
    ];

    /// <summary>The constant's name, such as <c>ENOENT</c>, or <c>errno N</c> for one that is not in the table.</summary>
    public static string Name(int errno)
    {
        foreach ((int number, string name, _) in s_table)
        {
            if (number == errno)
            {
                return name;
            }
        }
        return $"errno {errno}";
    }

    /// <summary>The meaning in words followed by the name: <c>permission denied (EACCES)</c>.</summary>
    public static string Describe(int errno)
    {
        foreach ((int number, string name, string text) in s_table)
        {
            if (number == errno)
            {
                return $"{text} ({name})";
            }
        }
        return $"errno {errno}";
    }
}
