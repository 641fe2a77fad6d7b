using EsimCse.Core.Backend;

namespace EsimCse.Tests.Backend;

public class PhiloxTests
{
    // Counter, key and words of philox4x32-10 in Random123's kat_vectors.
    [Theory]
    [InlineData(
        new[] { 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u }, 0x0000000000000000ul,
        new[] { 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u })]
    [InlineData(
        new[] { 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu }, 0xfffffffffffffffful,
        new[] { 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu })]
    [InlineData(
        new[] { 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u }, 0x299f31d0a4093822ul,
        new[] { 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u })]
    public void Blocks_equal_the_published_vectors(uint[] counter, ulong key, uint[] words)
    {
        var expected = (words[0], words[1], words[2], words[3]);
        Assert.Equal(expected, Philox.Block(counter[0], counter[1], counter[2], counter[3], key));
    }

    [Fact]
    public void Draws_start_with_the_low_half_of_each_word()
    {
        var words = (0x10002u, 0x30004u, 0x50006u, 0x70008u);
        Assert.Equal([2, 1, 4, 3, 6, 5, 8, 7], Enumerable.Range(0, 8).Select(i => Philox.Draw16(words, i)));
    }
}
