using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using EsimCse.Core.Text.Normalizers;

namespace EsimCse.Core.Text;

/// <summary>BertNormalizer, BertPreTokenizer and WordPiece in one pass. Thread-safe.</summary>
/// <param name="normalizer">The normalizer.</param>
/// <param name="model">The model.</param>
/// <param name="maxInputCharsPerWord">Code points of the longest word that is looked up.</param>
sealed class FusedWordPiece(BertNormalizer normalizer, WordPiece model, int maxInputCharsPerWord)
{
    readonly CodePointImages _images = new(normalizer);

    /// <summary>Bytes of the longest word that is one key, and not too long.</summary>
    readonly int _maxKeyLength = Math.Min(TokenTable.KeyLength, maxInputCharsPerWord);

    /// <summary>Appends the ids of a text without added tokens until they pass the limit.</summary>
    /// <returns>False for text with a code point whose image depends on its neighbours; ids are then partial.</returns>
    [SkipLocalsInit]
    public bool TryEncode(scoped ReadOnlySpan<char> text, int limit, ref IdBuffer ids)
    {
        NormalizedText normalized = new(stackalloc byte[NormalizedText.UsualLength]);
        bool done = true;
        while (ids.Count <= limit)
        {
            done = normalized.Read(_images, ref text);
            if (!done) break;
            int open = TokenizeWords(normalized.Padded, normalized.Length, text.IsEmpty, limit, ref ids);
            if (text.IsEmpty) break;
            normalized.KeepWord(open, maxInputCharsPerWord);
        }
        normalized.Dispose();
        return done;
    }

    /// <summary>Appends the ids of the words of a text until they pass the limit.</summary>
    /// <returns>The place of the last word if it may go on after the text; else the text's end.</returns>
    int TokenizeWords(scoped ReadOnlySpan<byte> padded, int length, bool isComplete, int limit, ref IdBuffer ids)
    {
        ref byte text = ref MemoryMarshal.GetReference(padded);
        int openEnd = isComplete ? int.MaxValue : length;
        ulong goesOn = 0;
        WordMasks next = WordMasks.Read(in text, ref goesOn);
        for (int block = 0; block < length && ids.Count <= limit; block += WordMasks.BlockLength)
        {
            WordMasks masks = next;
            int nextBlock = block + WordMasks.BlockLength;
            next = nextBlock < length ? WordMasks.Read(in Unsafe.Add(ref text, nextBlock), ref goesOn) : WordMasks.None;
            for (ulong starts = masks.Starts; starts != 0; starts &= starts - 1)
            {
                int place = BitOperations.TrailingZeroCount(starts);
                int start = block + place;
                int wordLength = masks.LengthAt(place, next);
                if (wordLength > WordMasks.BlockLength) wordLength = LengthOfLongWord(padded[start..length]);
                if (start + wordLength == openEnd) return start;
                TokenizeWord(padded[start..], wordLength, ref ids);
            }
        }
        return length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void TokenizeWord(scoped ReadOnlySpan<byte> word, int length, ref IdBuffer ids)
    {
        if (length <= _maxKeyLength)
        {
            Vector128<byte> chunk = Vector128.LoadUnsafe(in MemoryMarshal.GetReference(word));
            int id = model.Tokens.Find(chunk, length, TokenTable.WordStart);
            if (id >= 0)
            {
                ids.Add(id);
                return;
            }
        }
        TokenizeParts(word, length, ref ids);
    }

    /// <summary>Appends the ids of a word that is no token; few words are, so that the loop stays small.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void TokenizeParts(scoped ReadOnlySpan<byte> word, int length, ref IdBuffer ids)
    {
        if (IsTooLong(word[..length])) ids.Add(model.UnknownId);
        else model.Tokenize(word, length, ref ids);
    }

    bool IsTooLong(ReadOnlySpan<byte> word) =>
        word.Length > maxInputCharsPerWord && Utf8Text.CountCodePoints(word) > maxInputCharsPerWord;

    static int LengthOfLongWord(ReadOnlySpan<byte> text)
    {
        int length = 1;
        while (length < text.Length && !WordMasks.IsEnd(text[length])) length++;
        return length;
    }
}
