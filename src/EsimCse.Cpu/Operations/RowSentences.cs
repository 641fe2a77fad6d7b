using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>Which sentence a row belongs to, and its place there: by a packed batch's offsets, or a row a sentence where there are none.</summary>
unsafe ref struct RowSentences
{
    readonly int* _offsets;
    readonly int _sentences;
    int _sentence;

    public RowSentences(Matrix offsets)
    {
        _offsets = (int*)offsets.Address;
        _sentences = (int)offsets.Count - 1;
    }

    /// <summary>Rows are asked for in ascending order.</summary>
    public (int Sentence, int Place) this[int row]
    {
        get
        {
            if (_offsets == null) return (row, 0);
            while (_sentence < _sentences - 1 && _offsets[_sentence + 1] <= row) _sentence++;
            return (_sentence, row - _offsets[_sentence]);
        }
    }
}
