namespace EsimCse.Tests.Reference;

static class Schedule
{
    /// <summary>The learning rate of a step, counted from 1, of so many: linear to 0, no warm-up.</summary>
    public static double Rate(double first, int step, int steps) => step > steps ? 0 : first * (steps - (step - 1)) / steps;
}
