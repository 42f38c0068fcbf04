namespace Skiff.Linux.Cgroups;

/// <summary>Logarithms and powers, bit by bit with multiplications and square roots, to 13 digits: for the one curve that needs them nobody has to load a library of mathematics (docs/decisions/020).</summary>
internal static class PowerOfTwo
{
    private const int Bits = 52;

    /// <summary>The logarithm of a number from 1 on to the base of 2.</summary>
    internal static double Log2(ulong number)
    {
        int whole = System.Numerics.BitOperations.Log2(number);
        double rest = number / (double)(1UL << whole);
        double logarithm = whole;
        double bit = 0.5;
        for (int i = 0; i < Bits; i++, bit /= 2)
        {
            rest *= rest;
            if (rest >= 2)
            {
                rest /= 2;
                logarithm += bit;
            }
        }
        return logarithm;
    }

    /// <summary>2 to the power of a number from -60 to 60.</summary>
    internal static double Exp2(double exponent)
    {
        int whole = (int)Math.Floor(exponent);
        double rest = exponent - whole;
        double power = whole < 0 ? 1.0 / (1UL << -whole) : 1UL << whole;
        double root = 2;
        for (int i = 0; i < Bits; i++)
        {
            root = Math.Sqrt(root);
            rest *= 2;
            if (rest >= 1)
            {
                rest -= 1;
                power *= root;
            }
        }
        return power;
    }
}
