using Skiff.Linux;
using Xunit;

namespace Skiff.Tests;

public sealed class SignalsTests
{
    [Theory]
    [InlineData("TERM", 15)]
    [InlineData("sigterm", 15)]
    [InlineData("9", 9)]
    [InlineData("SIGSYS", 31)]
    [InlineData("HUP", 1)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("RTMAX-1", 63)]
    [InlineData("RTMIN", 34)]
    [InlineData("CLD", 17)]
    [InlineData("64", 64)]
    public void A_name_or_number_is_a_signal(string text, int number) => Assert.Equal(number, Signals.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("65")]
    [InlineData("-9")]
    [InlineData("SIG")]
    [InlineData("TERMINATE")]
    [InlineData("RTMIN-1")]
    [InlineData("RTMIN+31")]
    [InlineData("RTMIN+")]
    [InlineData("HUP INT")]
    public void Anything_else_is_refused(string text) => Assert.Throws<SkiffException>(() => Signals.Parse(text));

    [Fact]
    public void Every_number_reads_back_from_its_name()
    {
        for (int signal = 1; signal <= 64; signal++)
        {
            if (signal is not (32 or 33))
            {
                Assert.Equal(signal, Signals.Parse(Signals.Name(signal)));
            }
        }
    }
}
