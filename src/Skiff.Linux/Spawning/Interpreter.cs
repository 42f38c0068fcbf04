using System.Runtime.CompilerServices;

namespace Skiff.Linux.Spawning;

/// <summary>What the loop in the child works with: unmanaged memory that the parent has filled in.</summary>
/// <remarks>The rules stand in docs/decisions/001: no allocation, no static, no P/Invoke stub, nothing that the garbage collector or the runtime could wait for.</remarks>
internal unsafe struct Interpreter
{
    internal delegate* <nint, nint, nint, nint, nint, nint, nint, nint> Call;
    internal delegate* <nint, nint, nint, nint, nint> Birth;
    internal nint Write,
        ExitGroup,
        ClockGetTime;
    internal Instruction* Code;
    internal nint Count;

    /// <summary>Where a failure is reported; negative when the engine itself runs the program.</summary>
    internal nint ReportFd;
    internal int* Report;
    internal SpawnProgress* Progress;
    internal TimeSpec* Times;

    /// <summary>Runs the program. In a child it never returns, unless there is none; on behalf of the engine it leaves the index and the errno of a failure in the report, and returns.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Run(Interpreter* self)
    {
        const int EINTR = 4;
        const int EPROTO = 71;
        var call = self->Call;
        Instruction* code = self->Code;
        if (code == null)
        {
            return;
        }
        // Read anew each time: a program may still be written while it runs, and grows while its last instruction waits.
        for (nint n = 0; n < Volatile.Read(ref self->Count); n++)
        {
            Instruction* i = code + n;
            Volatile.Write(ref self->Progress->At, n + 1); // arm64 would show it before what the last call has done
            if (self->Times != null)
            {
                call(self->ClockGetTime, 1, (nint)(self->Times + n), 0, 0, 0, 0);
            }
            int failure = 0;
            if (i->Kind == InstructionKind.Require)
            {
                failure = (*(nint*)i->Number & i->A) == i->B ? 0 : (int)i->C;
            }
            else
            {
                uint indirect = i->Indirect;
                nint a = (indirect & 1) != 0 ? Result.Load(i->A) : i->A;
                nint b = (indirect & 2) != 0 ? Result.Load(i->B) : i->B;
                nint c = (indirect & 4) != 0 ? Result.Load(i->C) : i->C;
                nint d = (indirect & 8) != 0 ? Result.Load(i->D) : i->D;
                nint e = (indirect & 16) != 0 ? Result.Load(i->E) : i->E;
                nint f = (indirect & 32) != 0 ? Result.Load(i->F) : i->F;
                nint result;
                do
                {
                    result = i->Kind == InstructionKind.Bear ? self->Birth(a, b, i->Number, c) : call(i->Number, a, b, c, d, e, f);
                } while (result == -EINTR);
                if (i->Result != null)
                {
                    *i->Result = result;
                }
                if (result < i->Minimum)
                {
                    failure = result < 0 ? (int)-result : EPROTO; // a short answer: the parent has gone
                    if (i->Tolerated == -1 || i->Tolerated == failure || i->Tolerated2 == failure)
                    {
                        n += i->Skip;
                        failure = 0;
                    }
                }
            }
            if (failure != 0)
            {
                self->Report[0] = (int)n;
                self->Report[1] = failure;
                if (self->ReportFd < 0)
                {
                    return;
                }
                call(self->Write, self->ReportFd, (nint)self->Report, 8, 0, 0, 0);
                call(self->ExitGroup, 125, 0, 0, 0, 0, 0);
            }
        }
        if (self->ReportFd >= 0)
        {
            call(self->ExitGroup, 0, 0, 0, 0, 0, 0);
        }
    }
}
