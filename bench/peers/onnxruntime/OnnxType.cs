namespace EsimCse.Peers.OnnxRuntime;

/// <summary>The element types of ONNX that are used here.</summary>
enum OnnxType
{
    Float = 1,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
}
