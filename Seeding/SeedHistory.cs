using System.Globalization;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace Seeding;

/// <summary>Rows of the audit log and request counters, in the rhythm of days and weeks.</summary>
internal sealed class SeedHistory(SeedData data)
{
    private const int AuditStream = 21;
    private const int ActivityStream = 22;
    private const string PermissionMissing = "permission_missing";
    private const string Missing = """["account:change","group:change"]""";

    // The load of each hour of a day (UTC), relative to the busiest.
    private static readonly double[] Hours =
        [
            0.08, 0.06, 0.05, 0.05, 0.08, 0.15, 0.3, 0.55, 0.85, 1, 0.98, 0.9,
            0.7, 0.85, 0.95, 0.9, 0.75, 0.55, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1,
        ];

    private static readonly (string Permission, string Method, string Path)[] Calls =
    [
        ("book:change", "PUT", "/api/books/{id}"),
        ("book:delete", "DELETE", "/api/books/{id}"),
        ("book:add", "POST", "/api/books"),
        ("book:publish", "POST", "/api/books/{id}/publish"),
        ("author:change", "PUT", "/api/authors/{id}"),
        ("account:view", "GET", "/admin/accounts"),
        ("group:view", "GET", "/api/groups"),
        ("admin:view", "GET", "/admin/"),
        ("audit:view", "GET", "/admin/audit"),
    ];

    /// <summary>The oldest first.</summary>
    public IEnumerable<AuditRow> Audit(int count)
    {
        var random = new SeedRandom(data.Seed, AuditStream);
        if (data.Accounts.Count == 0)
        {
            yield break;
        }

        var start = StartOfHour(data.Now.AddDays(-data.Days));
        double[] weights =
            [.. Enumerable.Range(0, (int)Math.Ceiling((data.Now - start).TotalHours)).Select(hour => Weight(start.AddHours(hour)))];
        var each = count / weights.Sum();
        double due = 0;
        var written = 0;
        var known = new HashSet<Guid>();
        for (var hour = 0; hour < weights.Length; hour++)
        {
            due += weights[hour] * each;
            var until = hour == weights.Length - 1 ? count : Math.Min(count, (int)due);
            var length = start.AddHours(hour + 1) < data.Now ? TimeSpan.FromHours(1) : data.Now - start.AddHours(hour);
            for (var (number, rows) = (0, until - written); number < rows; number++)
            {
                yield return Row(random, start.AddHours(hour) + (length * ((number + random.Part()) / rows)), written++, known);
            }
        }
    }

    public IEnumerable<object?[]> Activity()
    {
        var random = new SeedRandom(data.Seed, ActivityStream);
        SeedAccount[] services = [.. data.Accounts.Where(account => account.IsService)];
        var people = data.Accounts.Count - services.Length;
        var busiest = 40 + (data.Accounts.Count * 1.5);
        var today = StartOfHour(data.Now).AddHours(-data.Now.UtcDateTime.Hour);
        for (var day = today.AddDays(1 - data.Days); day <= today; day = day.AddDays(1))
        {
            for (var hour = day; hour < day.AddDays(1) && hour <= data.Now; hour = hour.AddHours(1))
            {
                var part = Math.Min(1, (data.Now - hour).TotalHours);
                var amount = busiest * Weight(hour) * part * (0.85 + (random.Part() * 0.3));
                yield return [RequestCounters.Allowed, RequestCounters.HourOf(hour), "", (long)amount];
                yield return [RequestCounters.Refused, RequestCounters.HourOf(hour), "", (long)(amount * (0.01 + (random.Part() * 0.03)))];
            }

            var weekday = Weekday(day) * (0.85 + (random.Part() * 0.3)) * (day == today ? PartOfDay() : 1);
            yield return [RequestCounters.SignIns, RequestCounters.DayOf(day), "", (long)Math.Ceiling(people * 0.4 * weekday)];
            for (var rank = 0; rank < services.Length; rank++)
            {
                if (random.Chance(0.85))
                {
                    var amount = busiest * 4 / Math.Pow(rank + 1, 0.8) * weekday * (0.6 + (random.Part() * 0.8));
                    yield return [RequestCounters.Services, RequestCounters.DayOf(day), services[rank].Id.ToString(), (long)amount + 1];
                }
            }
        }
    }

    private double PartOfDay() => Hours.Take(data.Now.UtcDateTime.Hour + 1).Sum() / Hours.Sum();

    private static double Weight(DateTimeOffset hour) => Hours[hour.UtcDateTime.Hour] * Weekday(hour);

    private static double Weekday(DateTimeOffset day) => day.UtcDateTime.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 0.25 : 1;

    private static DateTimeOffset StartOfHour(DateTimeOffset at) => new(at.UtcDateTime.Date.AddHours(at.UtcDateTime.Hour), TimeSpan.Zero);

    private AuditRow Row(SeedRandom random, DateTimeOffset at, int number, HashSet<Guid> known)
    {
        // As Kestrel numbers requests: increasing connections with a few requests each.
        var request = string.Create(CultureInfo.InvariantCulture, $"0HN{2_000_000_000 + (number / 3):X10}:{1 + (number % 3):X8}");
        var moment = new Moment(random, at, request, known);
        return random.Below(100) switch
        {
            < 24 => Refusal(moment),
            < 34 => FirstSeen(moment),
            < 52 => RolesChanged(moment),
            < 60 => EnabledChanged(moment),
            < 84 => OfBooks(moment),
            < 91 => OfMembers(moment),
            < 95 => OfGroups(moment),
            < 98 => OfMappings(moment),
            _ => OfAuthors(moment),
        };
    }

    private AuditRow Refusal(Moment moment)
    {
        var (random, at, request, _) = moment;
        var account = data.Accounts[random.Skewed(data.Accounts.Count)];
        var (permission, method, path) = random.Pick(Calls);
        var code = random.Below(20) switch
        {
            < 12 => PermissionMissing,
            < 16 when account.IsService => "insufficient_scope",
            < 16 => PermissionMissing,
            < 18 => "account_disabled",
            < 19 => "permission_denied",
            _ => "grant_refused",
        };
        var parts = permission.Split(':');
        var count = random.Chance(0.1) ? 2 + random.Below(60) : 1;
        return new AuditRow
        {
            Id = random.Id(at),
            At = at,
            Kind = AuditRow.DeniedRequestKind,
            AccountId = account.Id,
            Account = account.Username,
            Method = account.IsService || !path.StartsWith("/admin", StringComparison.Ordinal) ? Actor.Bearer : Actor.Session,
            RequestId = request,
            Model = parts[0],
            RowId = path.Contains("{id}", StringComparison.Ordinal) && parts[0] == "book" ? random.Pick(data.Books).Id.ToString() : null,
            Action = parts[1],
            Permission = permission,
            Code = code,
            Scope = code == "insufficient_scope" ? $"{parts[0]}s:{(parts[1] == Permission.View ? "read" : "write")}" : null,
            MissingPermissions = code == "grant_refused" ? Missing : null,
            HttpMethod = method,
            Path = path,
            Count = count,
            LastAt = count > 1 ? at.AddSeconds(1 + random.Below(4)) : null,
        };
    }

    private AuditRow FirstSeen(Moment moment)
    {
        var (random, _, _, known) = moment;
        var account = random.Pick(data.Accounts);
        if (!known.Add(account.Id))
        {
            return RolesChanged(moment);
        }

        return Change(
            moment,
            account,
            (AccountPermissions.Model, account.Id, Permission.Add),
            before: null,
            Values(
                ("kind", account.Kind),
                ("username", account.Username),
                ("email", account.Email),
                ("name", account.Name),
                ("subject", account.Subject),
                ("enabled", true)));
    }

    private AuditRow RolesChanged(Moment moment)
    {
        var random = moment.Random;
        var account = data.Accounts[random.Skewed(data.Accounts.Count)];
        string[] roles = [.. (account.Roles ?? []).Select(role => data.Roles[role].ToString())];
        string[] before = [.. roles.Where(_ => random.Chance(0.7)), random.Pick(data.Roles).ToString()];
        return Change(moment, account, (AccountPermissions.Model, account.Id, Permission.Change), Roles(before), Roles(roles));

        static Dictionary<string, object?> Roles(string[] roles) => Values(("roles", roles.Order(StringComparer.Ordinal).ToArray()));
    }

    private AuditRow EnabledChanged(Moment moment)
    {
        var random = moment.Random;
        var off = random.Chance(0.6);
        var reason = random.Chance(0.8) ? random.Pick(off ? SeedTexts.DisableReasons : SeedTexts.EnableReasons) : null;
        var changed = random.Pick(data.Accounts);
        return Change(moment, Manager(random), (AccountPermissions.Model, changed.Id, Permission.Change), State(off), State(!off), reason);

        Dictionary<string, object?> State(bool enabled) => Values(("username", changed.Username), ("enabled", enabled));
    }

    private AuditRow OfBooks(Moment moment)
    {
        var (random, at, _, known) = moment;
        var book = random.Pick(data.Books);
        var now = Book(book.Title, book.PublishedOn);
        var account = data.Accounts[random.Skewed(data.Accounts.Count)];
        if (known.Add(book.Id))
        {
            return Change(moment, account, ("book", book.Id, Permission.Add), before: null, now);
        }

        return random.Below(20) switch
        {
            < 13 => Change(moment, account, ("book", book.Id, Permission.Change), Book(SeedNames.Title(random), book.PublishedOn), now),
            < 18 => Change(
                moment,
                account,
                ("book", book.Id, "publish"),
                Book(book.Title, published: null),
                Book(book.Title, DateOnly.FromDateTime(at.UtcDateTime))),
            _ => Change(
                moment,
                account,
                ("book", random.Id(at), Permission.Delete),
                Book(SeedNames.Title(random), book.PublishedOn),
                after: null),
        };

        Dictionary<string, object?> Book(string title, DateOnly? published) =>
            Values(("id", book.Id), ("title", title), ("authorId", book.AuthorId), ("isbn", book.Isbn), ("publishedOn", published));
    }

    private AuditRow OfAuthors(Moment moment)
    {
        var (random, _, _, known) = moment;
        var author = random.Pick(data.Authors);
        var account = data.Accounts[random.Skewed(data.Accounts.Count)];
        return known.Add(author.Id)
            ? Change(moment, account, ("author", author.Id, Permission.Add), before: null, Author(author.Website))
            : Change(
                moment,
                account,
                ("author", author.Id, Permission.Change),
                Author(website: null),
                Author($"https://authors.example/{author.Id}"));

        Dictionary<string, object?> Author(string? website) =>
            Values(("id", author.Id), ("name", author.Name), ("bornOn", author.BornOn), ("diedOn", author.DiedOn), ("website", website));
    }

    private AuditRow OfMembers(Moment moment)
    {
        var random = moment.Random;
        if (data.Groups.Count == 0)
        {
            return EnabledChanged(moment);
        }

        var account = random.Pick(data.Accounts);
        var member = Values(("accountId", account.Id), ("username", account.Username));
        var joins = random.Chance(0.6);
        return Change(
            moment,
            Manager(random),
            (GroupPermissions.Model, random.Pick(data.Groups).Id, joins ? "add-member" : "remove-member"),
            joins ? null : member,
            joins ? member : null,
            random.Pick(SeedTexts.MemberReasons));
    }

    private AuditRow OfGroups(Moment moment)
    {
        var random = moment.Random;
        if (data.Groups.Count == 0)
        {
            return EnabledChanged(moment);
        }

        var group = random.Pick(data.Groups);
        return random.Chance(0.3)
            ? Change(moment, Manager(random), (GroupPermissions.Model, group.Id, Permission.Add), before: null, Group(group.Granted))
            : Change(
                moment,
                Manager(random),
                (GroupPermissions.Model, group.Id, Permission.Change),
                Group([.. group.Granted.Skip(1)]),
                Group(group.Granted));

        Dictionary<string, object?> Group(IReadOnlyList<string> granted) => Values(
            ("name", group.Name),
            ("description", group.Description),
            ("permissions", granted.Order(StringComparer.Ordinal).ToArray()),
            ("denied", group.Denied),
            ("isDefault", false));
    }

    private AuditRow OfMappings(Moment moment)
    {
        var (random, at, _, _) = moment;
        if (data.Mappings.Count == 0)
        {
            return EnabledChanged(moment);
        }

        var mapping = random.Pick(data.Mappings);
        var values = GroupMappings.Values(mapping.Kind, mapping.Client, mapping.Name, mapping.GroupId, mapping.GroupName);
        return random.Chance(0.7)
            ? Change(moment, Manager(random), (RoleMappingPermissions.Model, mapping.Id, Permission.Add), before: null, values)
            : Change(moment, Manager(random), (RoleMappingPermissions.Model, random.Id(at), Permission.Delete), values, after: null);
    }

    // Few managers make many changes.
    private SeedAccount Manager(SeedRandom random) => data.Accounts[random.Below(Math.Clamp(data.Accounts.Count / 50, 1, 200))];

    private static AuditRow Change(
        Moment moment,
        SeedAccount actor,
        (string Model, Guid Row, string Action) what,
        IReadOnlyDictionary<string, object?>? before,
        IReadOnlyDictionary<string, object?>? after,
        string? reason = null) => new()
        {
            Id = moment.Random.Id(moment.At),
            At = moment.At,
            Kind = AuditRow.ChangeKind,
            AccountId = actor.Id,
            Account = actor.Username,
            Method = actor.IsService || moment.Random.Chance(0.3) ? Actor.Bearer : Actor.Session,
            RequestId = moment.Request,
            Model = what.Model,
            RowId = what.Row.ToString(),
            Action = what.Action,
            OldValues = AuditLog.Json(before),
            NewValues = AuditLog.Json(after),
            Reason = reason,
        };

    private static Dictionary<string, object?> Values(params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var named = new Dictionary<string, object?>(values.Length, StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            named[name] = value;
        }

        return named;
    }

    /// <summary><c>Known</c> are the ids that the audit log has told of, so that nothing is added twice.</summary>
    private sealed record Moment(SeedRandom Random, DateTimeOffset At, string Request, HashSet<Guid> Known);
}
