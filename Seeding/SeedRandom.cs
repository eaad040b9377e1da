using System.Buffers.Binary;

namespace Seeding;

/// <summary>
/// Chance that repeats itself: the same numbers from the same seed, on every machine and with every version of .NET, which
/// <see cref="Random"/> does not promise. SplitMix64 (Steele, Lea and Flood, 2014). Not for secrets.
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="stream">What the numbers are for: each stream is one of its own, so that more of one thing changes no other.</param>
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

    /// <returns>From 0 on, less than 1.</returns>
    public double Part() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <returns>From 0 on, less than the end.</returns>
    public int Below(int end) => (int)(Next() % (uint)end);

    /// <returns>From 0 on, less than the end, and low numbers far more often than high ones, as names and roles are spread.</returns>
    public int Skewed(int end) => (int)(Math.Pow(Part(), 3) * end);

    public bool Chance(double probability) => Part() < probability;

    public T Of<T>(IReadOnlyList<T> list) => list[Below(list.Count)];

    /// <summary>An id of version 4, as Keycloak makes them (RFC 9562).</summary>
    public Guid Id() => Id(time: null);

    /// <summary>An id of version 7, as this service makes them: they sort as time goes (RFC 9562).</summary>
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
