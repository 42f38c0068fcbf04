using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <content>Owner, mode, extended attributes and times.</content>
public sealed partial class LayerUnpacker
{
    private const string LostOwner =
        "belongs to root now, this user namespace does not have its owner (more ids: install the package uidmap and have a line such as USER:100000:65536 in /etc/subuid and /etc/subgid)";

    /// <summary>For what has no descriptor: symbolic links, devices, FIFOs. The name has just been made and is not followed.</summary>
    private void SetAttributes(int parent, ReadOnlySpan<byte> name, TarEntry entry, bool chmod)
    {
        if (_privileged && (entry.Uid | entry.Gid) != 0)
        {
            Owner(At.ChangeOwner(parent, name, entry.Uid, entry.Gid), entry);
        }
        if (chmod)
        {
            Check(At.ChangeMode(parent, name, entry.Mode), "chmod", entry);
        }
        foreach (TarXattr xattr in entry.XattrList)
        {
            if (IsKept(xattr, entry))
            {
                Xattr(Xattrs.Set(parent, name, LayerPath.ForKernel(xattr.Name.Span), xattr.Value.Span), xattr, entry);
            }
        }
        Check(At.SetTimes(parent, name, entry.ModificationTime, entry.ModificationTime), "utimensat", entry);
    }

    /// <summary>An owner that the user namespace of an ordinary user does not have is lost (EINVAL): the file is root's.</summary>
    private void Owner(int errno, TarEntry entry)
    {
        if (errno == Errno.EINVAL)
        {
            Note(entry, LostOwner);
            return;
        }
        Check(errno, "chown", entry);
    }

    /// <summary>
    /// Kept: user attributes, file capabilities, POSIX ACLs, and trusted ones. Never kept: overlayfs' own, with which a layer could point outside of itself
    /// (redirect) or hide content; and labels of the builder's host (SELinux, IMA, EVM), which mean nothing here.
    /// </summary>
    private bool IsKept(TarXattr xattr, TarEntry entry)
    {
        ReadOnlySpan<byte> name = xattr.Name.Span;
        if (name.StartsWith("user.overlay."u8) || name.StartsWith("trusted.overlay."u8))
        {
            Note(entry, $"attribute {Printable.Of(CString.Decode(name))} left out, it belongs to overlayfs");
            return false;
        }
        return name.StartsWith("user."u8)
            || name.SequenceEqual("security.capability"u8)
            || name.SequenceEqual("system.posix_acl_access"u8)
            || name.SequenceEqual("system.posix_acl_default"u8)
            || (name.StartsWith("trusted."u8) && _privileged);
    }

    /// <summary>A file system without attributes, or one that takes no user attributes on this kind of file, is noted; everything else is an error.</summary>
    private void Xattr(int errno, TarXattr xattr, TarEntry entry)
    {
        if (errno == 0)
        {
            return;
        }
        string name = Printable.Of(CString.Decode(xattr.Name.Span));
        if (errno == Errno.EOPNOTSUPP || errno == Errno.EPERM)
        {
            Note(entry, $"attribute {name} left out: {Errno.Describe(errno)}");
            return;
        }
        Check(errno, $"setxattr {name} on", entry);
    }
}
