using System.Globalization;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace Seeding;

/// <summary>A pure function of its arguments. <see cref="SeedHistory"/> yields the rows of which there are very many.</summary>
internal sealed class SeedData
{
    private const int AccountStream = 1;
    private const int GroupStream = 2;
    private const int MappingStream = 3;
    private const int BookStream = 4;
    private const int MemberStream = 5;
    private const int SessionStream = 6;
    private const int TokenStream = 7;
    private const int KeyStream = 8;

    // A realistic maximum; each role is compared with every pattern once.
    private const int MostPatterns = 300;
    private const string Superusers = "superusers";

    private readonly SeedSize _size;
    private readonly KeycloakOptions _keycloak;

    public SeedData(SeedSize size, SeedGround ground, KeycloakOptions keycloak, DateTimeOffset now)
    {
        _size = size;
        _keycloak = keycloak;
        Now = now;
        Roles = [.. NewRoles(size, keycloak)];
        Groups = [.. NewGroups(ground)];
        Mappings = [.. NewMappings(ground)];
        Accounts = [.. NewAccounts(ground)];
        (Authors, Books) = NewBooks();
    }

    public DateTimeOffset Now { get; }

    public int Days => _size.Days;

    public int Seed => _size.Seed;

    public string Resource => _keycloak.Resource;

    /// <summary>Observed roles and Keycloak groups. Accounts refer to them by index.</summary>
    public IReadOnlyList<KeycloakRole> Roles { get; }

    public IReadOnlyList<SeedGroup> Groups { get; }

    public IReadOnlyList<SeedMapping> Mappings { get; }

    public IReadOnlyList<SeedAccount> Accounts { get; }

    public IReadOnlyList<SeedAuthor> Authors { get; }

    public IReadOnlyList<SeedBook> Books { get; }

    /// <summary>Its presence tells that this seed was added before.</summary>
    public static string FirstKeyOf(int seed) => Token(new SeedRandom(seed, KeyStream), 43);

    public IEnumerable<(Guid GroupId, Guid AccountId)> Members()
    {
        var random = new SeedRandom(_size.Seed, MemberStream);
        if (Groups.Count == 0)
        {
            yield break;
        }

        foreach (var account in Accounts.Where(_ => random.Chance(0.06)))
        {
            var group = random.Skewed(Groups.Count);
            yield return (Groups[group].Id, account.Id);
            if (random.Chance(0.2) && Groups.Count > 1)
            {
                yield return (Groups[(group + 1) % Groups.Count].Id, account.Id);
            }
        }
    }

    /// <summary>Sessions that have not expired, and of which nobody has made use since.</summary>
    public IEnumerable<object?[]> Sessions()
    {
        var random = new SeedRandom(_size.Seed, SessionStream);
        foreach (var account in Accounts.Where(account =>
            !account.IsService && account.Enabled && Now - account.LastSeenAt < TimeSpan.FromHours(9)))
        {
            var started = account.LastSeenAt - TimeSpan.FromMinutes(random.Below(55));
            yield return
            [
                random.Id(started), _keycloak.Issuer, random.Id().ToString(), account.Subject, account.Username, started, started,
                started.AddHours(10), Address(random), random.Pick(SeedTexts.Browsers), Token(random, 64), "", Now, Now, Now,
            ];
        }
    }

    /// <summary>Keys that the realm has replaced since.</summary>
    public IEnumerable<object?[]> Keys()
    {
        var random = new SeedRandom(_size.Seed, KeyStream);
        for (var number = 0; number < 4; number++)
        {
            var first = Now.AddDays(-_size.Days * (1 - (number * 0.24)));
            yield return [_keycloak.Issuer, Token(random, 43), number == 2 ? "ES256" : "RS256", first, first.AddDays(_size.Days * 0.23)];
        }
    }

    /// <summary>The newest token of each service; some are unusual on purpose.</summary>
    public IEnumerable<object?[]> Tokens()
    {
        var random = new SeedRandom(_size.Seed, TokenStream);
        var number = 0;
        foreach (var account in Accounts.Where(account => account.IsService))
        {
            var variant = number++ % 7;
            var roles = account.Roles?.Count ?? 0;
            yield return
            [
                _keycloak.Issuer,
                account.Username,
                variant == 1 ? ClientToken.WrongAudience : ClientToken.Accepted,
                variant switch
                {
                    1 => "account",
                    4 => $"{_keycloak.RequiredAudience} {string.Join(' ', SeedTexts.Clients)}",
                    _ => _keycloak.RequiredAudience,
                },
                variant == 2 ? "profile email" : random.Chance(0.5) ? "profile books:read" : "profile books:read books:write authors:read",
                variant == 5 ? 140 : roles,
                variant != 3,
                variant == 6 ? 86_400 : 300,
                random.Chance(0.1) ? "ES256" : "RS256",
                account.LastSeenAt,
            ];
        }
    }

    private static IEnumerable<KeycloakRole> NewRoles(SeedSize size, KeycloakOptions keycloak)
    {
        // The roles of every Keycloak, and those that a new installation maps to groups.
        yield return new KeycloakRole(RoleKind.RealmRole, "", $"default-roles-{keycloak.Realm}");
        yield return new KeycloakRole(RoleKind.RealmRole, "", "offline_access");
        yield return new KeycloakRole(RoleKind.RealmRole, "", "staff");
        yield return new KeycloakRole(RoleKind.RealmRole, "", "superuser");
        yield return new KeycloakRole(RoleKind.ClientRole, keycloak.Resource, "book-reader");
        yield return new KeycloakRole(RoleKind.ClientRole, keycloak.Resource, "book-editor");
        yield return new KeycloakRole(RoleKind.ClientRole, keycloak.Resource, "group-manager");
        yield return new KeycloakRole(RoleKind.KeycloakGroup, "", "/operations/leads");
        for (var index = 0; index < Math.Max(20, size.Mappings * 23 / 20); index++)
        {
            yield return SeedNames.Role(index, keycloak.Resource);
        }
    }

    private IEnumerable<SeedGroup> NewGroups(SeedGround ground)
    {
        var random = new SeedRandom(_size.Seed, GroupStream);
        var taken = ground.Groups.Keys.ToHashSet(StringComparer.Ordinal);
        for (var index = 0; index < _size.Groups; index++)
        {
            var (duty, description, granted, denied) = SeedTexts.Duties[index % SeedTexts.Duties.Count];
            var department = SeedTexts.Departments[(index + (index / SeedTexts.Duties.Count)) % SeedTexts.Departments.Count];
            var isRegional = index >= SeedTexts.Departments.Count;
            var region = random.Pick(SeedTexts.Regions);
            yield return new SeedGroup(
                random.Id(Now.AddDays(-400)),
                SeedNames.Free(isRegional ? $"{region}-{department}-{duty}" : $"{department}-{duty}", taken),
                $"{description}, for {department}{(isRegional ? $" in {region}" : "")}",
                granted,
                denied);
        }
    }

    private IEnumerable<SeedMapping> NewMappings(SeedGround ground)
    {
        var random = new SeedRandom(_size.Seed, MappingStream);
        var taken = new HashSet<(RolePattern, Guid)>();
        List<(Guid Id, string Name)> groups =
        [
            .. Groups.Select(group => (group.Id, group.Name)),
            .. ground.Groups.Where(group => group.Key != Superusers)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Value, group.Key)),
        ];
        // The last roles have no mapping, and neither do the roles of every Keycloak.
        var first = Roles.Count - Math.Max(20, _size.Mappings * 23 / 20);
        var mapped = Math.Max(1, (Roles.Count - first) * 17 / 20);
        var patterns = 0;
        for (var index = 0; index < _size.Mappings && groups.Count > 0; index++)
        {
            var pattern = Exact(Roles[first + (index % mapped)]);
            if (index % 11 == 10)
            {
                // A role that was never observed.
                pattern = Exact(SeedNames.Role(Roles.Count + index, _keycloak.Resource));
            }
            else if (index % 13 == 12 && patterns++ < MostPatterns)
            {
                pattern = random.Chance(0.6)
                    ? new RolePattern(
                        RoleKind.KeycloakGroup, "", $"/{random.Pick(SeedTexts.Regions)}/{random.Pick(SeedTexts.Departments)}/*")
                    : new RolePattern(RoleKind.RealmRole, "", $"{random.Pick(SeedTexts.Departments)}-*");
            }

            var (groupId, groupName) = groups[index < groups.Count ? index : random.Skewed(groups.Count)];
            if (taken.Add((pattern, groupId)))
            {
                yield return new SeedMapping(
                    random.Id(Now.AddDays(-300)), RoleKinds.Write(pattern.Kind), pattern.Client, pattern.Name, groupId, groupName);
            }
        }

        static RolePattern Exact(KeycloakRole role) => new(role.Kind, role.Client, role.Name);
    }

    private IEnumerable<SeedAccount> NewAccounts(SeedGround ground)
    {
        var random = new SeedRandom(_size.Seed, AccountStream);
        var taken = ground.Usernames.ToHashSet(StringComparer.Ordinal);
        var span = TimeSpan.FromDays(Math.Max(700, _size.Days));
        for (var index = 0; index < _size.Accounts; index++)
        {
            // In the order of creation, as ids sort.
            var created = Now - (span * (1 - ((index + random.Part()) / _size.Accounts)));
            var isService = index % 20 == 7;
            var (first, last) = SeedNames.Person(random);
            var username = SeedNames.Free(
                isService
                    ? $"{random.Pick(SeedTexts.Departments)}-{random.Pick(SeedTexts.Tasks)}"
                    : $"{SeedNames.Plain(first)}.{SeedNames.Plain(last)}",
                taken);
            // The draws below are in a fixed order: another one would make other data from the same seed.
            yield return new SeedAccount
            {
                Id = random.Id(created),
                Subject = random.Id().ToString(),
                IsService = isService,
                Username = username,
                Email = isService || random.Chance(0.03) ? null : $"{username}@{random.Pick(SeedTexts.Domains)}",
                Name = isService
                    ? (random.Chance(0.5) ? $"Service account of {username}" : null)
                    : random.Chance(0.02) ? null : $"{first} {last}",
                Enabled = !random.Chance(0.07),
                CreatedAt = created,
                LastSeenAt = LastSeen(random, created, isService),
                Roles = RolesOf(random, index, isService),
            };
        }
    }

    // Half of all people were active recently, some not for months; services always are.
    private DateTimeOffset LastSeen(SeedRandom random, DateTimeOffset created, bool isService)
    {
        var ago = isService && random.Chance(0.85)
            ? TimeSpan.FromMinutes(random.Part() * 90)
            : random.Part() switch
            {
                < 0.18 => TimeSpan.FromHours(random.Part() * 9),
                < 0.5 => TimeSpan.FromDays(random.Part() * 4),
                < 0.85 => TimeSpan.FromDays(random.Part() * _size.Days),
                _ => TimeSpan.FromDays(random.Part() * 400),
            };
        return Now - ago < created ? created : Now - ago;
    }

    // Indexes of roles; null if no token of the account has had roles.
    private IReadOnlyList<int>? RolesOf(SeedRandom random, int index, bool isService)
    {
        const int Default =
            0, OfflineAccess = 1, Staff = 2, Superuser = 3, BookReader = 4, BookEditor = 5, GroupManager = 6, Leads = 7, First = 8;
        if (random.Chance(0.03))
        {
            return null;
        }

        var roles = new SortedSet<int> { Default };
        if (!isService)
        {
            roles.Add(OfflineAccess);
        }

        if (index == 3 || random.Chance(0.001))
        {
            roles.Add(Superuser);
        }

        if (random.Chance(0.08))
        {
            // No mapped role.
            return [.. roles];
        }

        foreach (var (role, share) in ((int, double)[])[
            (Staff, isService ? 0 : 0.15), (BookReader, 0.4), (BookEditor, 0.08), (GroupManager, 0.01), (Leads, isService ? 0 : 0.02)])
        {
            if (random.Chance(share))
            {
                roles.Add(role);
            }
        }

        for (var count = random.Below(4); count >= 0; count--)
        {
            roles.Add(First + random.Skewed(Roles.Count - First));
        }

        return [.. roles];
    }

    private (List<SeedAuthor> Authors, List<SeedBook> Books) NewBooks()
    {
        var random = new SeedRandom(_size.Seed, BookStream);
        var today = DateOnly.FromDateTime(Now.UtcDateTime);
        var authors = new List<SeedAuthor>();
        for (var index = 0; index < Math.Clamp(_size.Accounts / 10, 12, 2000); index++)
        {
            var (first, last) = SeedNames.Person(random);
            var born = new DateOnly(1880 + random.Below(120), 1, 1).AddDays(random.Below(365));
            var died = born.AddDays((int)(365.25 * (45 + random.Below(50))));
            var website = $"https://{SeedNames.Plain(first)}-{SeedNames.Plain(last)}.example";
            authors.Add(new SeedAuthor(
                random.Id(Now.AddDays(-500)), $"{first} {last}", born, died < today ? died : null, random.Chance(0.3) ? website : null));
        }

        var books = new List<SeedBook>();
        for (var index = 0; index < _size.Books; index++)
        {
            var author = authors[random.Skewed(authors.Count)];
            var published = author.BornOn.AddDays((int)(365.25 * (22 + random.Below(50))));
            books.Add(new SeedBook(
                random.Id(Now.AddDays(-400)),
                SeedNames.Title(random),
                author.Id,
                random.Chance(0.85) ? SeedNames.Isbn(random) : null,
                published < today && !random.Chance(0.08) ? published : null));
        }

        return (authors, books);
    }

    // Addresses for documentation (RFC 5737 and 3849).
    private static string Address(SeedRandom random) => random.Below(5) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"2001:db8:{random.Below(0xFFFF):x}::{random.Below(0xFFFF):x}"),
        1 => string.Create(CultureInfo.InvariantCulture, $"198.51.100.{1 + random.Below(254)}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"203.0.113.{1 + random.Below(254)}"),
    };

    private static string Token(SeedRandom random, int length)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return string.Create(length, random, (text, chance) =>
        {
            for (var index = 0; index < text.Length; index++)
            {
                text[index] = alphabet[chance.Below(alphabet.Length)];
            }
        });
    }
}
