using Skiff.Engine.Spec;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Spec;

public sealed class SecretGrammarTests
{
    [Theory]
    [InlineData("tok", "tok")]
    [InlineData("source=tok", "tok")]
    [InlineData("tok,type=mount", "tok")]
    [InlineData("tok,target=tok", "tok")]
    [InlineData("tok,target=/run/secrets/tok", "tok")]
    [InlineData("tok,target=a/b", "tok,target=/run/secrets/a/b")]
    [InlineData("tok,target=../up", "tok,target=/run/up")]
    [InlineData("tok,target=/etc//key,uid=5,gid=6,mode=400", "tok,target=/etc/key,uid=5,gid=6,mode=0400")]
    [InlineData("tok,mode=0444", "tok")]
    [InlineData("tok,UID=7", "tok,uid=7")]
    [InlineData("tok,type=env", "tok,type=env")]
    [InlineData("type=env,source=tok,target=TOKEN", "tok,type=env,target=TOKEN")]
    [InlineData("tok,type=env,target=tok", "tok,type=env")]
    [InlineData("my secret", "my secret")]
    [InlineData("tok,\"target=/a,b\"", "tok,\"target=/a,b\"")]
    public void Every_form_is_read_and_written(string text, string canonical)
    {
        SecretUse use = SecretGrammar.Parse(text);
        Assert.Equal(canonical, SecretGrammar.Format(use));
        Assert.Equal(use, SecretGrammar.Parse(canonical));
    }

    [Theory]
    [InlineData("", "missing")]
    [InlineData("type=env", "missing")]
    [InlineData("..", "cannot be the name")]
    [InlineData("a/b", "cannot be the name")]
    [InlineData("tok,", "expected NAME")]
    [InlineData("tok,typo=1", "expected NAME")]
    [InlineData("tok,type=file", "mount or env")]
    [InlineData("tok,uid=bob", "numbers")]
    [InlineData("tok,uid=-1", "numbers")]
    [InlineData("tok,uid=4294967295", "numbers")]
    [InlineData("tok,mode=0888", "octal")]
    [InlineData("tok,mode=", "octal")]
    [InlineData("tok,mode=77777", "octal")]
    [InlineData("tok,mode=77777777777777777777", "octal")]
    [InlineData("tok,type=env,mode=0400", "is for files")]
    [InlineData("tok,uid=0,type=env", "is for files")]
    [InlineData("tok,type=env,target=A=B", "variable")]
    [InlineData("tok,target=/", "is a directory")]
    [InlineData("tok,target=.", "is a directory")]
    [InlineData("tok,target=/run/secrets/", "is a directory")]
    public void What_is_wrong_is_said(string text, string complaint)
    {
        SkiffException error = Assert.Throws<SkiffException>(() => SecretGrammar.Parse(text));
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
        Assert.Equal(125, error.ExitCode);
    }

    [Theory]
    [InlineData("two secrets have the target /run/secrets/a", "a", "b,target=a")]
    [InlineData("two secrets have the target A", "a,type=env,target=A", "b,type=env,target=A")]
    [InlineData("inside of the other", "a", "b,target=a/b")]
    [InlineData("inside of the other", "b,target=/x/y/z", "a,target=/x")]
    [InlineData("", "a", "a,type=env", "a,target=/a", "b,type=env,target=/a", "ab")]
    public void Two_secrets_have_two_places(string complaint, params string[] texts)
    {
        ValueList<SecretUse> uses = [.. texts.Select(SecretGrammar.Parse)];
        if (complaint.Length == 0)
        {
            SecretGrammar.Check(uses);
        }
        else
        {
            Assert.Contains(complaint, Assert.Throws<SkiffException>(() => SecretGrammar.Check(uses)).Message, StringComparison.Ordinal);
        }
    }
}
