using System.Buffers.Binary;

namespace Seeding;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers from the same seed with every version of .NET, which <see cref="Random"/>
/// does not promise. Each stream is independent, so that more of one thing changes no other. Not for secrets.
/// </summary>
internal sealed class SeedRandom(int seed, int stream)
{
    private ulong _state = unchecked(((ulong)(uint)seed << 32 | (uint)stream) * 0x9E37_79B9_7F4A_7C15);

    public ulong Next()
    {
        unchecked
        {
            var mixed = _state += 0x9E37_79B9_7F4A_7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
            return mixed ^ (mixed >> 31);
        }
    }

    /// <summary>From 0, below 1.</summary>
    public double Part() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From 0, below <c>end</c>.</summary>
    public int Below(int end) => (int)(Next() % (uint)end);

    /// <summary>From 0, below <c>end</c>; low numbers far more often than high ones.</summary>
    public int Skewed(int end) => (int)(Math.Pow(Part(), 3) * end);

    public bool Chance(double probability) => Part() < probability;

    public T Pick<T>(IReadOnlyList<T> list) => list[Below(list.Count)];

    /// <summary>Version 4, as Keycloak's (RFC 9562).</summary>
    public Guid Id() => Id(time: null);

    /// <summary>Version 7, as this service's: they sort by time (RFC 9562).</summary>
    public Guid Id(DateTimeOffset at) => Id(at.ToUnixTimeMilliseconds());

    private Guid Id(long? time)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Next());
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Next());
        if (time is { } milliseconds)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(milliseconds >> 32));
            BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], unchecked((uint)milliseconds));
        }

        bytes[6] = (byte)((bytes[6] & 0x0F) | (time is null ? 0x40 : 0x70));
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
