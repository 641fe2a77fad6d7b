using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>Batches packed on the device are those that the host packs and sends.</summary>
public class ResidentCorpusTests
{
    const int OutOfMemory = 2, BatchSize = 8, Steps = 9;

    [Theory]
    [InlineData("cpu-1", Augmentation.Subword)]
    [InlineData("cpu-3", Augmentation.Word)]
    [InlineData(Backends.Cuda, Augmentation.Subword)]
    [InlineData(Backends.Cuda, Augmentation.Word)]
    [InlineData(Backends.Cuda, Augmentation.Insert)]
    public void A_corpus_on_the_device_trains_to_the_same_bits_as_batches_that_are_sent(string device, Augmentation kind)
    {
        using SmallModel small = new();
        float[] Train(bool resident)
        {
            using IBackend backend = Backends.Create(device);
            TrainingOptions options = new() { BatchSize = BatchSize, Repetition = kind, RepetitionDraw = RepetitionDraw.Step, RepetitionRate = 0.6, QueueSize = 20, LearningRate = 1e-3f };
            BertTokenizer tokenizer = BertTokenizer.Load(small.Folder);
            Corpus corpus = Corpus.Read([small.In("corpus.txt")], null, tokenizer, options.MaxLength);
            using BertParameters bert = BertParameters.Random(backend, BertConfig.Read(small.In("config.json")), head: true, seed: 3);
            using TrainingStep step = new(bert, options, Steps);
            PositiveViews repetition = new(options, tokenizer, bert.Config.MaxPositions);
            using ResidentCorpus? onDevice = ResidentCorpus.TryOpen(backend, corpus, repetition, BatchSize);
            List<float> all = [];
            int[] order = [];
            for (int done = 0, batches = corpus.Batches(BatchSize); done < Steps; done++)
            {
                // The sixth batch is a smaller one; then a second epoch begins.
                if (done % batches == 0)
                {
                    order = corpus.Order(1, done / batches, shuffle: true);
                    onDevice!.SetEpochOrder(order);
                }
                int[] chosen = [.. corpus.Batch(order, done % batches, BatchSize)];
                if (resident) step.Run(onDevice!, done + 1);
                else step.Run([.. chosen.Select(s => corpus[s].Ids)], [.. chosen.Select(s => repetition.Create(corpus[s].Ids, corpus[s].Line, (uint)done + 1))]);
                all.Add(step.Read().Loss);
            }
            Matrix queue = step.State.Single(part => part.Name == "queue").Matrix;
            float[] rows = new float[queue.Count];
            backend.Download(queue, rows.AsSpan());
            return [.. all, .. rows, .. bert.Layout.Tensors.SelectMany(tensor => bert.Get(tensor))];
        }
        Assert.Equal(Train(resident: false), Train(resident: true));
    }

    [Fact]
    public void A_corpus_that_does_not_fit_is_sent_batch_by_batch_to_the_same_bits()
    {
        using SmallModel small = new();
        bool? Train(string output, int refused)
        {
            using IBackend cuda = Backends.Create(Backends.Cuda);
            TrainingJob job = small.Job(output);
            if (refused > 0) SoftCuda.Inject("cuMemAlloc_v2", refused, OutOfMemory);
            try
            {
                using Trainer trainer = Trainer.Open(job with { Options = job.Options with { MaxSteps = 6 } }, cuda);
                SoftCuda.Reset();
                if ((trainer.BatchSource is ResidentCorpus) == (refused == 0)) trainer.Run();
                return trainer.BatchSource is ResidentCorpus;
            }
            catch (DeviceMemoryException)
            {
                return null;
            }
            finally
            {
                SoftCuda.Reset();
            }
        }
        Assert.True(Train("run", refused: 0));
        // Which allocation is the corpus': the one without which the run opens all the same.
        Assert.Contains(Enumerable.Range(1, 40), refused => Train($"short-{refused}", refused) == false);
        string run = Directory.GetDirectories(small.Folder, "short-*").Single(folder => File.Exists(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(File.ReadAllBytes(small.In("run", "model.safetensors")), File.ReadAllBytes(Path.Combine(run, "model.safetensors")));
    }
}
