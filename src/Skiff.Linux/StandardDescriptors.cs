namespace Skiff.Linux;

/// <summary>Descriptors 0, 1 and 2 as a caller leaves them.</summary>
public static unsafe class StandardDescriptors
{
    /// <summary>Opens /dev/null where the caller has closed one: the next file that is opened would get its number, and what is printed would be written into that file. One poll(2) where all are open.</summary>
    public static void Fill()
    {
        PollFd* three = stackalloc PollFd[3];
        for (int fd = 0; fd < 3; fd++)
        {
            three[fd] = new PollFd(fd, 0);
        }
        if (Libc.poll(three, 3, 0) <= 0)
        {
            return;
        }
        for (int fd = 0; fd < 3; fd++)
        {
            if ((three[fd].ReturnedEvents & Poll.POLLNVAL) != 0)
            {
                // Gets this very number, the lowest that is free, and is meant to be inherited.
                fixed (byte* path = "/dev/null"u8)
                {
                    _ = Libc.openat(Files.AtCwd, path, OpenFlags.O_RDWR, 0);
                }
            }
        }
    }
}
