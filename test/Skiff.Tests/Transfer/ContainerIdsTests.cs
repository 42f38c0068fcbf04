using Skiff.Engine.Containers;
using Skiff.Engine.Transfer;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Transfer;

public sealed class ContainerIdsTests
{
    [Fact]
    public void A_map_is_read_as_the_kernel_writes_it_and_the_one_of_the_host_is_none()
    {
        Assert.Equal(
            [new IdRange(0, 100000, 1000), new IdRange(1000, 1000, 1)],
            ContainerIds.Parse("         0     100000       1000\n      1000       1000          1\n")
        );
        Assert.Empty(ContainerIds.Parse("         0          0 4294967295\n"));
    }

    [Fact]
    public void A_container_that_does_not_run_counts_as_the_store_does()
    {
        ContainerIds ids = ContainerIds.Of(
            new ContainerRecord
            {
                Id = "",
                Name = "",
                Created = default,
            },
            new ContainerState()
        );
        Assert.Equal((7u, 8u), ids.ToHost((7, 8)));
        Assert.Equal((7u, 8u), ids.ToContainer((7, 8)));
    }
}
