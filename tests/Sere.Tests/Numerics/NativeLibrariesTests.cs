using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class NativeLibrariesTests
{
    [Fact]
    public void Tensors_work_once_the_libraries_are_loaded()
    {
        NativeLibraries.EnsureLoaded();
        using torch.Tensor sum = torch.ones(2).sum();
        Assert.Equal(2f, sum.item<float>());
    }

    [Fact]
    public void The_loader_of_TorchSharp_accepts_what_was_loaded() =>
        Assert.True(torch.TryInitializeDeviceType(DeviceType.CPU));
}
