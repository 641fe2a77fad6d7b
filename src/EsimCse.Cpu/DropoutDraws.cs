namespace EsimCse.Cpu;

/// <summary>Applies a <see cref="DropoutMask"/> to pieces of a sentence's own array. See there for the counters.</summary>
readonly unsafe struct DropoutDraws
{
    readonly ulong _seed;
    readonly uint _site, _step;
    readonly int _threshold, _sentencesPerView;
    readonly float _scale;

    public DropoutDraws(DropoutMask mask)
    {
        Drops = mask.Drops;
        if (!Drops) return;
        (_seed, _site, _threshold, _scale, _sentencesPerView) = (mask.Seed, (uint)mask.Site, mask.Threshold, mask.Scale, mask.SentencesPerView);
        _step = (uint)((int*)mask.Counters.Address)[StepState.Step];
    }

    public bool Drops { get; }

    /// <summary>values ∘ mask; values are the elements from <paramref name="first"/> on of the array of sentence <paramref name="sentence"/> of the batch.</summary>
    public void Apply(int sentence, long first, Span<float> values)
    {
        if (!Drops) return;
        uint view = (uint)(sentence / _sentencesPerView), place = (uint)(sentence % _sentencesPerView);
        for (int i = 0; i < values.Length;)
        {
            long element = first + i;
            var block = Philox.Block((uint)(element >> 3), _site | view << 16, place, _step, _seed);
            for (int draw = (int)(element & 7); draw < 8 && i < values.Length; draw++, i++)
                values[i] = Philox.Draw16(block, draw) >= _threshold ? values[i] * _scale : 0;
        }
    }
}
