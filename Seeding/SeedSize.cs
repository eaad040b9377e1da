namespace Seeding;

/// <summary>How much data to make up.</summary>
/// <param name="Accounts">How many accounts, of which one in twenty is a service.</param>
/// <param name="Groups">How many local groups, besides those that are there.</param>
/// <param name="Mappings">How many role mappings. Roles that tokens have shown are made to fit, some more and some fewer.</param>
/// <param name="Audit">How many rows of the audit log.</param>
/// <param name="Days">Over how many days up to now.</param>
/// <param name="Seed">What chance starts from: the same number, the same data.</param>
internal sealed record SeedSize(int Accounts, int Groups, int Mappings, int Audit, int Days, int Seed);

/// <summary>What is there already, so that nothing is made up a second time.</summary>
/// <param name="Usernames">The user names that are taken.</param>
/// <param name="Groups">The groups, by name.</param>
internal sealed record SeedGround(IEnumerable<string> Usernames, IReadOnlyDictionary<string, Guid> Groups);

/// <summary>An account that never signed in.</summary>
internal sealed record SeedAccount(
    Guid Id, string Subject, bool IsService, string Username, string? Email, string? Name, bool Enabled, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, IReadOnlyList<int>? Roles)
{
    /// <summary>As the database writes it.</summary>
    public string Kind => IsService ? "service" : "person";
}

/// <summary>A local group.</summary>
internal sealed record SeedGroup(Guid Id, string Name, string Description, IReadOnlyList<string> Granted, IReadOnlyList<string> Denied);

/// <summary>A role mapping.</summary>
internal sealed record SeedMapping(Guid Id, string Kind, string Client, string Name, Guid GroupId, string GroupName);

/// <summary>An author.</summary>
internal sealed record SeedAuthor(Guid Id, string Name, DateOnly BornOn, DateOnly? DiedOn, string? Website);

/// <summary>A book.</summary>
internal sealed record SeedBook(Guid Id, string Title, Guid AuthorId, string? Isbn, DateOnly? PublishedOn);
