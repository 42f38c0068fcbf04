using Skiff.Linux;

namespace Skiff.Compose.Planning;

/// <summary>Services in the order in which they can start.</summary>
public static class ServiceOrder
{
    /// <summary>Every service after those it depends on; otherwise by name.</summary>
    /// <exception cref="SkiffException">They depend on each other in a circle.</exception>
    public static IReadOnlyList<ComposeService> Of(IReadOnlyList<ComposeService> services)
    {
        List<ComposeService> order = [];
        HashSet<string> done = [];
        List<string> path = [];
        foreach (ComposeService service in services)
        {
            Visit(service);
        }
        return order;

        void Visit(ComposeService service)
        {
            if (done.Contains(service.Name))
            {
                return;
            }
            int circle = path.IndexOf(service.Name);
            if (circle >= 0)
            {
                throw new SkiffException($"dependency cycle detected: {string.Join(" -> ", path.Skip(circle))} -> {service.Name}");
            }
            path.Add(service.Name);
            foreach (Dependency dependency in service.DependsOn)
            {
                foreach (ComposeService other in services)
                {
                    if (other.Name == dependency.Service)
                    {
                        Visit(other);
                    }
                }
            }
            path.RemoveAt(path.Count - 1);
            done.Add(service.Name);
            order.Add(service);
        }
    }
}
