using System.Text;
using CsCheck;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Spec;

public sealed class UserDatabaseTests
{
    private const string Passwd = """
        # a comment

        root:x:0:0:root:/root:/bin/sh
        nonsense
        bad:x:12a:0::/:
        www:x:33:33:www:/var/www:/bin/false
        1234:x:99:98::/home/odd:
        nohome:x:50:51
        """;

    private const string Groups = """
        root:x:0:root
        bad:x
        www:x:33:
        audio:x:29:www,root
        video:x:44: www
        adm:x:4:syslog
        """;

    private static ResolvedUser Resolve(string text, params string[] add) =>
        UserDatabase.Resolve(text, Encoding.UTF8.GetBytes(Passwd), Encoding.UTF8.GetBytes(Groups), [.. add]);

    [Theory]
    [InlineData("", 0, 0, "29", "/root")]
    [InlineData("root", 0, 0, "29", "/root")]
    [InlineData("www", 33, 33, "29 44", "/var/www")]
    [InlineData("33", 33, 33, "29 44", "/var/www")]
    [InlineData("www:audio", 33, 29, "", "/var/www")]
    [InlineData("www:7", 33, 7, "", "/var/www")]
    [InlineData("33:33", 33, 33, "", "/var/www")]
    [InlineData("777", 777, 0, "", "/")]
    [InlineData("777:44", 777, 44, "", "/")]
    [InlineData("1234", 99, 98, "", "/home/odd")]
    [InlineData("nohome", 50, 51, "", "/")]
    [InlineData(":audio", 0, 29, "", "/root")]
    public void RUN_02_A_user_is_resolved_by_the_images_own_files(string text, uint uid, uint gid, string more, string home)
    {
        ResolvedUser user = Resolve(text);
        string all = more.Length == 0 ? $"{gid}" : $"{gid} {more}";
        Assert.Equal((uid, gid, all, home), (user.Uid, user.Gid, string.Join(' ', (IEnumerable<uint>)user.AdditionalGids), user.Home));
    }

    [Fact]
    public void Added_groups_come_by_name_and_number_and_only_once() =>
        Assert.Equal([33u, 29u, 44u, 5u], Resolve("www", "audio", "5", "33").AdditionalGids);

    [Theory]
    [InlineData("nobody")]
    [InlineData("www:nogroup")]
    [InlineData("bad")]
    [InlineData("-1")]
    public void RUN_02_An_unknown_name_is_an_error_that_names_it(string text)
    {
        SkiffException error = Assert.Throws<SkiffException>(() => Resolve(text));
        Assert.Equal(125, error.ExitCode);
        Assert.Contains(text.Split(':')[^1], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RUN_04_Without_any_files_numbers_work_and_names_do_not()
    {
        Assert.Equal(new ResolvedUser(5, 6, [6], "/"), UserDatabase.Resolve("5:6", [], []));
        Assert.Equal(new ResolvedUser(0, 0, [0], "/"), UserDatabase.Resolve("", [], []));
        Assert.Throws<SkiffException>(() => UserDatabase.Resolve("www", [], []));
    }

    [Fact]
    public void Random_bytes_never_do_more_than_refuse() =>
        Gen.Select(
                Gen.OneOf(Gen.Byte, Gen.Const((byte)':'), Gen.Const((byte)'\n'), Gen.Const((byte)'0')).Array[0, 200],
                Gen.OneOf(Gen.Const("0"), Gen.Const("x"), Gen.Const("0:0"))
            )
            .Sample(
                (bytes, text) =>
                {
                    try
                    {
                        _ = UserDatabase.Resolve(text, bytes, bytes);
                    }
                    catch (SkiffException)
                    {
                        // Refused: fine.
                    }
                },
                iter: 2000,
                threads: 1
            );
}
