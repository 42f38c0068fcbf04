using Skiff.Format;
using Xunit;

namespace Skiff.Tests.Format;

public sealed class GoFormatTests
{
    private static string Run(string template) => new Template(template).Run(Value.Nil);

    [Theory]
    [InlineData("{{printf \"%s-%d\" \"a\" 5}}", "a-5")]
    [InlineData("{{printf \"%5d|%-5d|%05d|%+d|% d\" 42 42 42 42 42}}", "   42|42   |00042|+42| 42")]
    [InlineData("{{printf \"%10s|%-10s|%.2s\" \"abc\" \"abc\" \"abc\"}}", "       abc|abc       |ab")]
    [InlineData("{{printf \"%q %v %t\" \"a\\\"b\" true false}}", "\"a\\\"b\" true false")]
    [InlineData("{{printf \"%x %X %#x %o %b %c %U\" 255 255 255 8 5 65 65}}", "ff FF 0xff 10 101 A U+0041")]
    [InlineData("{{printf \"%x\" \"hi\"}}", "6869")]
    [InlineData("{{printf \"%f %.2f %8.3f|%e %g\" 1.5 3.14159 2.5 1234.5 0.00001}}", "1.500000 3.14    2.500|1.234500e+03 1e-05")]
    [InlineData("{{printf \"%*d\" 5 42}}", "   42")]
    [InlineData("{{printf \"100%%\"}}", "100%")]
    [InlineData("{{printf \"%d\" \"x\"}}", "%!d(string=x)")]
    [InlineData("{{printf \"%d %d\" 1}}", "1 %!d(MISSING)")]
    [InlineData("{{printf \"%d\" 1 2}}", "1%!(EXTRA int=2)")]
    [InlineData("{{printf \"%\"}}", "%!(NOVERB)")]
    [InlineData("{{printf \"%-8s|\" \"äö\"}}", "äö      |")]
    [InlineData("{{printf \"%06.2f\" -1.5}}", "-01.50")]
    [InlineData("{{printf \"%z\" 3}}", "%!z(int=3)")]
    public void The_verbs_of_fmt(string template, string expected) => Assert.Equal(expected, Run(template));

    [Theory]
    [InlineData(1.0, "1")]
    [InlineData(0.1, "0.1")]
    [InlineData(100000.0, "100000")]
    [InlineData(1e20, "100000000000000000000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(1.5e-7, "1.5e-07")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(-2.25, "-2.25")]
    [InlineData(123456.789, "123456.789")]
    public void Floats_are_the_shortest_that_Go_prints(double value, string expected) => Assert.Equal(expected, GoPrinter.Float(value));

    [Fact]
    public void Nil_slices_and_maps_print_empty_and_are_null_in_JSON()
    {
        Assert.Equal("[]", Value.List(null).ToString());
        Assert.Equal("map[]", Value.Map(null).ToString());
        Assert.Equal(
            "{\"A\":null,\"B\":null,\"C\":[],\"D\":{}}",
            ValueJson.Line(Value.Struct(("A", Value.List(null)), ("B", Value.Map(null)), ("C", Value.List([])), ("D", Value.Map([]))))
        );
    }

    [Fact]
    public void Inspect_JSON_is_indented_by_four() =>
        Assert.Equal(
            "[\n    {\n        \"A\": 1,\n        \"B\": []\n    }\n]",
            ValueJson.Indented(Value.List([Value.Struct(("A", Value.Of(1)), ("B", Value.List([])))]))
        );
}
