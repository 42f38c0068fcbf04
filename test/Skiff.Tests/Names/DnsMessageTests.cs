using System.Buffers.Binary;
using System.Net;
using System.Text;
using CsCheck;
using Skiff.Engine.Names;
using Xunit;

namespace Skiff.Tests.Names;

/// <summary>Questions of strangers and our answers to them, byte by byte.</summary>
public sealed class DnsMessageTests
{
    [Theory]
    [InlineData("web", "web")]
    [InlineData("WEB.Back", "web.back")]
    [InlineData("", "")]
    [InlineData("a_b-c.1", "a_b-c.1")]
    [InlineData("with space", null)]
    [InlineData("a/b", null)]
    public void A_name_is_read_in_lower_case_or_is_none_of_ours(string asked, string? read)
    {
        Assert.Equal(0, DnsQuestion.TryRead(Question(asked), out DnsQuestion question));
        Assert.Equal(read, question.Name);
        Assert.Equal(
            (0x1234, DnsQuestion.TypeA, DnsQuestion.ClassInternet, 512, false),
            (question.Id, question.Type, question.Class, question.UdpSize, question.HasOptions)
        );
    }

    [Fact]
    public void A_label_with_a_dot_in_it_is_no_name_of_ours()
    {
        byte[] message = [.. Question("")[..12], 3, (byte)'a', (byte)'.', (byte)'b', 0, 0, 1, 0, 1];
        Assert.Equal(0, DnsQuestion.TryRead(message, out DnsQuestion question));
        Assert.Null(question.Name);
    }

    [Theory]
    [InlineData(0, null)] // an answer
    [InlineData(1, DnsAnswer.NotImplemented)]
    [InlineData(2, DnsAnswer.FormatError)] // two questions
    [InlineData(3, DnsAnswer.FormatError)] // a pointer as name
    [InlineData(4, DnsAnswer.FormatError)] // cut off
    [InlineData(5, null)] // no header
    [InlineData(6, DnsAnswer.FormatError)] // longer than 255 bytes
    public void What_is_no_question_is_refused_or_not_answered(int kind, int? refusal)
    {
        byte[] message = Question(kind == 6 ? string.Join('.', Enumerable.Repeat(new string('a', 63), 5)) : "web");
        switch (kind)
        {
            case 0:
                message[2] |= 0x80;
                break;
            case 1:
                message[2] |= 0x28;
                break;
            case 2:
                message[5] = 2;
                break;
            case 3:
                message[12] = 0xC0;
                break;
            case 4:
                message = message[..^3];
                break;
            case 5:
                message = message[..11];
                break;
        }
        Assert.Equal(refusal, DnsQuestion.TryRead(message, out _));
    }

    [Theory]
    [InlineData(100, 512)]
    [InlineData(1232, 1232)]
    [InlineData(65535, 4096)]
    public void The_size_that_an_asker_takes_counts_within_limits(int offered, int taken)
    {
        byte[] message = [.. Question("web"), 0, 0, 41, (byte)(offered >> 8), (byte)offered, 0, 0, 0, 0, 0, 0];
        message[11] = 1;
        Assert.Equal(0, DnsQuestion.TryRead(message, out DnsQuestion question));
        Assert.Equal((taken, true), (question.UdpSize, question.HasOptions));
    }

    [Fact]
    public void Any_bytes_at_all_are_read_without_harm_and_what_is_refused_is_a_whole_message() =>
        Gen
            .Byte.Array[0, 600]
            .Sample(bytes =>
            {
                int? code = DnsQuestion.TryRead(bytes, out DnsQuestion question);
                if (code is null)
                {
                    return true;
                }
                byte[] answer = new byte[512 + 16];
                int length = DnsAnswer.Refusal(answer, bytes, question, code.Value);
                return length <= 512 + 16 && answer.AsSpan(0, 2).SequenceEqual(bytes.AsSpan(0, 2)) && (answer[2] & 0x80) != 0;
            });

    [Fact]
    public void Questions_with_a_few_bytes_changed_are_read_without_harm() =>
        Gen.Select(Gen.Int[0, 40], Gen.Byte, Gen.Int[0, 40], Gen.Byte, Gen.Int[0, 45])
            .Sample(
                (a, x, b, y, cut) =>
                {
                    byte[] message = [.. Question("web.back.example"), 0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 0];
                    message[11] = 1;
                    message[a % message.Length] = x;
                    message[b % message.Length] = y;
                    message = message[..Math.Max(0, message.Length - cut)];
                    if (DnsQuestion.TryRead(message, out DnsQuestion question) == 0)
                    {
                        byte[] answer = new byte[question.UdpSize];
                        int length = DnsAnswer.Addresses(answer, message, question, [IPAddress.Loopback, IPAddress.IPv6Loopback]);
                        Assert.InRange(length, 12, answer.Length);
                    }
                }
            );

    [Theory]
    [InlineData(DnsQuestion.TypeA, 1)]
    [InlineData(DnsQuestion.TypeAaaa, 1)]
    [InlineData(DnsQuestion.TypeAny, 2)]
    [InlineData((ushort)15, 0)]
    public void A_name_answers_with_the_records_of_the_type_that_is_asked_for(ushort type, int count)
    {
        byte[] message = Question("web", type);
        DnsQuestion.TryRead(message, out DnsQuestion question);
        byte[] answer = new byte[512];
        int length = DnsAnswer.Addresses(answer, message, question, [IPAddress.Parse("10.90.0.2"), IPAddress.Parse("fd00::2")]);
        Assert.Equal(count, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6)));
        Assert.Equal(0, answer[3] & 0xF);
        Assert.Equal(
            message.Length
                + (
                    type == DnsQuestion.TypeA ? 16
                    : type == DnsQuestion.TypeAaaa ? 28
                    : count * 22
                ),
            length
        );
    }

    [Fact]
    public void An_answer_that_does_not_fit_is_cut_at_a_record_and_says_so()
    {
        byte[] message = Question("shared");
        DnsQuestion.TryRead(message, out DnsQuestion question);
        IPAddress[] many = [.. Enumerable.Range(2, 100).Select(i => new IPAddress([10, 90, 0, (byte)i]))];
        byte[] answer = new byte[512];
        int length = DnsAnswer.Addresses(answer, message, question, many);
        int count = BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6));
        Assert.Equal((512 - message.Length) / 16, count);
        Assert.Equal(message.Length + (count * 16), length);
        Assert.Equal(2, answer[2] & 2);
        byte[] whole = new byte[4096];
        _ = DnsAnswer.Addresses(whole, message, question, many);
        Assert.Equal(100, BinaryPrimitives.ReadUInt16BigEndian(whole.AsSpan(6)));
        Assert.Equal(0, whole[2] & 2);
    }

    [Theory]
    [InlineData("2.0.90.10.in-addr.arpa", "10.90.0.2")]
    [InlineData("2.0.90.in-addr.arpa", null)]
    [InlineData("256.0.90.10.in-addr.arpa", null)]
    [InlineData("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "fd00::2")]
    [InlineData("2.0.0.0.d.f.ip6.arpa", null)]
    [InlineData("web", null)]
    public void A_reversed_name_is_an_address(string name, string? address) => Assert.Equal(address, NameLookup.Reversed(name)?.ToString());

    private static byte[] Question(string name, ushort type = DnsQuestion.TypeA)
    {
        List<byte> message = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (string label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }
        return [.. message, 0, (byte)(type >> 8), (byte)type, 0, 1];
    }
}
