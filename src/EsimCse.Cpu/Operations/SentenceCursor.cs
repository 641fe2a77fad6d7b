using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Maps the rows of a packed batch to sentences and positions. Without offsets each row is a sentence.
/// </summary>
unsafe ref struct SentenceCursor
{
    readonly int* _offsets;
    readonly int _sentences;
    int _sentence;

    public SentenceCursor(Matrix offsets)
    {
        _offsets = (int*)offsets.Address;
        _sentences = (int)offsets.Count - 1;
    }

    /// <summary>Returns the sentence of a row and its position there. Call it with ascending rows.</summary>
    public (int Sentence, int Position) Find(int row)
    {
        if (_offsets == null) return (row, 0);
        while (_sentence < _sentences - 1 && _offsets[_sentence + 1] <= row) _sentence++;
        return (_sentence, row - _offsets[_sentence]);
    }
}
