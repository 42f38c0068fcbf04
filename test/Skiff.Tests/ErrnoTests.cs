using Skiff.Linux;
using Xunit;

namespace Skiff.Tests;

public sealed class ErrnoTests
{
    [Fact]
    public void A_known_number_is_described_in_words_and_by_name() => Assert.Equal("permission denied (EACCES)", Errno.Describe(13));

    [Fact]
    public void An_unknown_number_is_shown_as_it_is() => Assert.Equal("errno 4095", Errno.Name(4095));
}
