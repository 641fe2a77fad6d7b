// The learning rate of the next step, with W steps of warm-up of S in all. One thread.
//
//   step += 1;  c = step - 1;  p = (c - W) / (S - W), at most 1
//   factor = c / W for c < W, else 1 - p (linear), 1 (constant) or (1 + cos πp) / 2 (cosine)
//   learning rate = base · factor
#include "common.cuh"
#include "stepstate.cuh"

// The order of EsimCse.Core's LearningRateSchedule.
enum class Schedule : int
{
    Linear,
    Constant,
    Cosine,
};

__device__ __forceinline__ double factor(Schedule schedule, int done, int warmup, int steps)
{
    if (done < warmup) return done / static_cast<double>(warmup);
    if (schedule == Schedule::Constant) return 1;
    double progress = (done - warmup) / static_cast<double>(steps - warmup);
    if (!(progress < 1)) return 0;
    return schedule == Schedule::Linear ? 1 - progress : (1 + cospi(progress)) / 2;
}

extern "C" __global__ void __launch_bounds__(32) schedule_step(
    Schedule schedule, float base_learning_rate, int warmup, int steps, StepState state)
{
    if (threadIdx.x != 0) return;
    int done = state.counters->step++;
    state.scalars->learning_rate = static_cast<float>(base_learning_rate * factor(schedule, done, warmup, steps));
}
