namespace Seeding;

/// <summary>One account in twenty is a service; groups are added to the existing ones; days count back from now.</summary>
internal sealed record SeedSize(int Accounts, int Groups, int Mappings, int Audit, int Days, int Seed)
{
    /// <summary>Unless it says otherwise, half as many as accounts, and 20,000 at most.</summary>
    public int Books { get; init; } = Math.Clamp(Accounts / 2, 40, 20_000);
}

/// <summary>The existing user names and groups, by name.</summary>
internal sealed record SeedGround(IEnumerable<string> Usernames, IReadOnlyDictionary<string, Guid> Groups);

internal sealed record SeedAccount
{
    public required Guid Id { get; init; }

    public required string Subject { get; init; }

    public required bool IsService { get; init; }

    public required string Username { get; init; }

    public string? Email { get; init; }

    public string? Name { get; init; }

    public required bool Enabled { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>Indexes in <see cref="SeedData.Roles"/>; null if no token has had roles.</summary>
    public IReadOnlyList<int>? Roles { get; init; }

    /// <summary>As in the database.</summary>
    public string Kind => IsService ? "service" : "person";
}

internal sealed record SeedGroup(Guid Id, string Name, string Description, IReadOnlyList<string> Granted, IReadOnlyList<string> Denied);

internal sealed record SeedMapping(Guid Id, string Kind, string Client, string Name, Guid GroupId, string GroupName);

internal sealed record SeedAuthor(Guid Id, string Name, DateOnly BornOn, DateOnly? DiedOn, string? Website);

internal sealed record SeedBook(Guid Id, string Title, Guid AuthorId, string? Isbn, DateOnly? PublishedOn);
