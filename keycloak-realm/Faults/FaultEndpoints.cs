using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Faults;

/// <summary>Fault injection over HTTP, for tests in another process or another language.</summary>
internal static class FaultEndpoints
{
    private const string Root = "/_faults";
    private const string Members = "endpoint, realm, delay, status, body, location, contentType, cutAfter, close, times, for";

    public static void MapFaults(this IEndpointRouteBuilder routes, RealmFaults faults)
    {
        routes.MapGet(Root, context => Answer.JsonAsync(context, StatusCodes.Status200OK, Describe(faults)));
        routes.MapPost(Root, context => AddAsync(context, faults));
        routes.MapDelete(Root, context =>
        {
            faults.Reset();
            return Answer.EmptyAsync(context, StatusCodes.Status204NoContent);
        });
        routes.MapDelete(Root + "/{id}", context => RemoveAsync(context, faults));
        routes.MapPut(Root + "/clock", context => MoveClockAsync(context, faults));
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The fault stays until it is over or ended by its number.")]
    private static async Task AddAsync(HttpContext context, RealmFaults faults)
    {
        if (await ReadAsync(context, ReadFault) is not { } fault)
        {
            return;
        }

        if (faults.MistakeIn(fault) is { } mistake)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, mistake);
            return;
        }

        var added = faults.Add(fault);
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"{Root}/{added.Id}");
        await Answer.JsonAsync(context, StatusCodes.Status201Created, Describe(added));
    }

    private static Task RemoveAsync(HttpContext context, RealmFaults faults) =>
        int.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && faults.Remove(id)
            ? Answer.EmptyAsync(context, StatusCodes.Status204NoContent)
            : RefuseAsync(
                context, StatusCodes.Status404NotFound, $"There is no such fault, or it is over. GET {Root} lists those that are not.");

    private static async Task MoveClockAsync(HttpContext context, RealmFaults faults)
    {
        if (await ReadAsync(context, ReadOffset) is not { } offset)
        {
            return;
        }

        faults.ClockOffset = offset.By;
        await Answer.JsonAsync(context, StatusCodes.Status200OK, DescribeClock(faults));
    }

    /// <summary>Null if the body was refused.</summary>
    private static async Task<T?> ReadAsync<T>(HttpContext context, Func<JsonObject, T> read)
        where T : class
    {
        // The media type is required, because a page of any site may post text/plain.
        if (!context.Request.HasJsonContentType())
        {
            await RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, "Send JSON, with Content-Type: application/json.");
            return null;
        }

        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) is JsonObject body
                ? read(body)
                : throw new FormatException("Send one JSON object.");
        }
        catch (JsonException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The body is not JSON: {exception.Message}");
        }
        catch (FormatException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message);
        }

        return null;
    }

    private static ClockOffset ReadOffset(JsonObject body)
    {
        Only(body, "offset");
        var offset = Seconds(body, "offset")
            ?? throw new FormatException("offset is missing: the seconds that the clock is ahead, negative for behind.");
        return offset.Duration() <= RealmFaults.Furthest
            ? new ClockOffset(offset)
            : throw new FormatException("offset is too many seconds. The clock can be moved by ten years at most.");
    }

    private static Fault ReadFault(JsonObject body)
    {
        Only(body, Members);
        return new Fault(
            Value<string>(body, "endpoint", "text")
                ?? throw new FormatException("endpoint is missing: the end of its address, such as token or certs."))
        {
            Realm = Value<string>(body, "realm", "text"),
            Delay = Seconds(body, "delay") ?? TimeSpan.Zero,
            Status = Value<int?>(body, "status", "a whole number"),
            Body = Value<string>(body, "body", "text"),
            Location = Value<string>(body, "location", "text"),
            ContentType = Value<string>(body, "contentType", "text"),
            CutAfter = Value<int?>(body, "cutAfter", "a whole number"),
            Close = Value<bool?>(body, "close", "true or false") ?? false,
            Times = Value<int?>(body, "times", "a whole number"),
            For = Seconds(body, "for"),
        };
    }

    private static void Only(JsonObject body, string members)
    {
        if (body.FirstOrDefault(each => !members.Split(", ").Contains(each.Key, StringComparer.Ordinal)).Key is { } unknown)
        {
            throw new FormatException($"There is no member \"{unknown}\". The members are: {members}.");
        }
    }

    private static T? Value<T>(JsonObject body, string name, string kind) => body[name] switch
    {
        null => default,
        JsonValue value when value.TryGetValue<T>(out var read) => read,
        _ => throw new FormatException($"{name} must be {kind}."),
    };

    private static TimeSpan? Seconds(JsonObject body, string name) => Value<double?>(body, name, "a number of seconds") switch
    {
        null => null,
        { } seconds when Math.Abs(seconds) < 1e9 => TimeSpan.FromSeconds(seconds),
        _ => throw new FormatException($"{name} is too many seconds."),
    };

    private static JsonObject Describe(RealmFaults faults) => new()
    {
        ["faults"] = new JsonArray([.. faults.Active.Select(Describe)]),
        ["clock"] = DescribeClock(faults),
        ["calls"] = new JsonArray([.. faults.Calls.Select(Describe)]),
    };

    private static JsonObject Describe(EndpointCalls calls) =>
        new() { ["realm"] = calls.Realm, ["endpoint"] = calls.Endpoint, ["calls"] = calls.Calls };

    private static JsonObject DescribeClock(RealmFaults faults) => new()
    {
        ["offset"] = faults.ClockOffset.TotalSeconds,
        ["now"] = faults.Clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
    };

    private static JsonObject Describe(ActiveFault active)
    {
        var fault = active.Fault;
        var described = new JsonObject { ["id"] = active.Id, ["endpoint"] = fault.Endpoint };
        void Say(string name, JsonNode? value)
        {
            if (value is not null)
            {
                described[name] = value;
            }
        }

        Say("realm", fault.Realm);
        Say("delay", fault.Delay == TimeSpan.Zero ? null : fault.Delay.TotalSeconds);
        Say("status", fault.Status);
        Say("body", fault.Body);
        Say("location", fault.Location);
        Say("contentType", fault.ContentType);
        Say("cutAfter", fault.CutAfter);
        Say("close", fault.Close ? true : null);
        Say("times", fault.Times);
        Say("for", fault.For?.TotalSeconds);
        described["hits"] = active.Hits;
        return described;
    }

    private static Task RefuseAsync(HttpContext context, int status, string message) =>
        Answer.JsonAsync(context, status, new JsonObject { ["error"] = message });

    private sealed record ClockOffset(TimeSpan By);
}
