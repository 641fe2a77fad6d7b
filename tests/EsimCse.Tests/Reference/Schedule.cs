namespace EsimCse.Tests.Reference;

static class Schedule
{
    /// <summary>Computes the learning rate of a step from 1 on: linear from `initial` to 0 after `steps`.</summary>
    public static double Rate(double initial, int step, int steps) =>
        step > steps ? 0 : initial * (steps - (step - 1)) / steps;
}
