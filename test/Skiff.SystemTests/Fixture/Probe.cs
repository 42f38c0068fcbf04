namespace Skiff.SystemTests.Fixture;

/// <summary>Small static C programs to run inside of containers: what no applet of busybox can ask the kernel.</summary>
internal static class Probe
{
    /// <summary>Compiles a program that runs in any root file system; the path of the result.</summary>
    public static string Compile(string source)
    {
        Tool.Require("gcc");
        string directory = Workspace.NewDirectory("probe");
        string program = Path.Combine(directory, "probe");
        File.WriteAllText($"{program}.c", source);
        Tool.Run("gcc", "-static", "-O1", "-w", "-o", program, $"{program}.c");
        return program;
    }

    /// <summary>The flag that shows a program inside as /probe.</summary>
    public static string[] Mounted(string program) => ["-v", $"{program}:/probe:ro"];
}
